"""Serves the page: settings → assistant → page → launch."""

from __future__ import annotations

import logging
import os
import signal
import sys


def main() -> int:
    """Runs until Ctrl-C; 1 when it can't start, after one sentence on why."""
    # Gradio looks at this when it is imported, and would report to its makers otherwise.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from qilu_rag.assistant import build
    from qilu_rag.config import load_settings
    from qilu_rag.errors import QiluError
    from qilu_rag.web.page import serve

    logging.basicConfig(level=logging.WARNING)
    try:
        with build(load_settings()) as assistant:
            assistant.warm_up()
            serve(assistant)
    except QiluError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    # Whoever stops the process politely (a service manager, a container) means Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
