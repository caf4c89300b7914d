"""What a command prints, at once, however standard output takes it."""

import sys

from snf_network_helper.errors import RoutedError


def write(text: str) -> None:
    """Writes text whose bytes may be no UTF-8, as they are; RoutedError where they cannot be written."""
    try:
        if sys.stdout is not None:  # None: it was closed when we started
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(errors="surrogateescape"))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RoutedError(f"cannot write the output: {error.strerror}") from None
