"""What Kivy alone needs: an empty window with the till's own settings, closed after its first frame."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


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


if __name__ == "__main__":
    main()
