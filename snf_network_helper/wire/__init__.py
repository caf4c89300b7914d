"""ARP and neighbour discovery on a link: announcements, questions, claims."""
