"""Opening a page where there is a screen to open it on."""

from __future__ import annotations

import os
import sys


def show_in_browser(address: str) -> bool:
    """Open ``address`` in the user's browser; whether it was tried. Without a graphical screen nothing happens."""
    import webbrowser

    graphical = sys.platform in ("darwin", "win32") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))
    return graphical and webbrowser.open(address)
