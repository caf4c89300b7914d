"""What a person is told of an interfaces(5) file: its mistakes, and how hand-written stanzas are written shortly."""
