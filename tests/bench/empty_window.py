"""What Kivy alone needs: an empty window with the till's own settings, closed after its first frame.

Prints the MiB that it held then.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.till_window import rss_mib


def main() -> None:
    from till.ui import env

    env.prepare(1280, 800, fullscreen=False)
    from kivy.app import App
    from kivy.core.window import Window
    from kivy.uix.widget import Widget

    class Empty(App):  # type: ignore[misc]
        def build(self) -> Widget:
            return Widget()

        def on_start(self) -> None:
            Window.bind(on_flip=lambda *_: self.stop())

    Empty().run()
    print(rss_mib())


if __name__ == "__main__":
    main()
