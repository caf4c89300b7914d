"""What the administrator asks for, as values: a stanza's options, a guest's attachment, addresses, names; pure."""
