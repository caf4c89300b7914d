"""What is asked for a guest: attach, detach, renewal, migration."""
