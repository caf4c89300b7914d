"""What interfaces(5) says, as the ifupdown that is installed reads it."""
