"""A stanza, or an attachment, to changes; pure: facts of the host go in as values."""
