"""The settings: devices at the left, what can be done with the chosen one at the right, look and language below."""

from typing import Any

from kivy.properties import ObjectProperty, StringProperty

from till.presenters.settings import DeviceRow, SettingsState
from till.ui.screen import TillScreen
from till.ui.window import Panel

KEYBOARD_TEXTS = {"auto": "Keyboard: by itself", "on": "Keyboard: on", "off": "Keyboard: off"}
PICTURES = {"ok": "check", "warn": "alert", "fail": "stop"}


class SettingsScreen(TillScreen):
    """Shows a SettingsState."""

    def update(self, state: SettingsState) -> None:
        """Show the devices with what the last check said of them."""
        self.ids.devices.show([_row(device, state.chosen) for device in state.devices])

    def choose(self, position: int) -> None:
        """Touch a device."""
        self.presenter.choose(self.shown.devices[position].name)

    def keyboard_text(self, state: SettingsState) -> str:
        """Return when the on-screen keyboard opens."""
        return str(self.window.words(KEYBOARD_TEXTS[state.keyboard]))

    def chosen_device(self, state: SettingsState) -> DeviceRow | None:
        """Return the device at the right."""
        return next((device for device in state.devices if device.name == state.chosen), None)

    def finding(self, state: SettingsState) -> str:
        """Return what the check said of the chosen device, all of it."""
        device = self.chosen_device(state)
        return device.finding if device else ""

    def kind_chosen(self, state: SettingsState) -> str:
        """Return which way of connecting the present address is."""
        scheme = state.address.partition(":")[0]
        return next((kind.name for kind in state.kinds if kind.name.partition(":")[0] == scheme), "")

    def take_kind(self, address: str) -> None:
        """Connect the chosen device another way: none at once, else with an address to be completed."""
        if not address or address in ("wedge:", "none:"):
            self.presenter.set_device(self.shown.chosen, address)
        else:
            self.edit(address)

    def edit(self, address: str = "") -> None:
        """Type the chosen device's address."""
        device = self.chosen_device(self.shown)
        if device is not None:
            title, text = device.title, address or self.shown.address
            panel = AddressPanel(title=title, address=text, submit=self._set)
            self.window.frame.open_panel(panel)

    def _set(self, address: str) -> None:
        self.presenter.set_device(self.shown.chosen, address)

    def key(self, name: str) -> bool:
        """Walk through the devices with the arrows."""
        if name in {"up", "down"} and self.shown.devices:
            names = [device.name for device in self.shown.devices]
            here = names.index(self.shown.chosen) if self.shown.chosen in names else -1
            self.presenter.choose(names[(here + (1 if name == "down" else -1)) % len(names)])
            return True
        return super().key(name)


class AddressPanel(Panel):
    """A device's address in a field; Enter uses it."""

    title = StringProperty("")
    address = StringProperty("")
    submit: Any = ObjectProperty(None)

    def use(self) -> None:
        """Hand the address on and close."""
        address = self.ids.field.text
        self.parent.close_panel()
        self.submit(address)

    def closed(self) -> None:
        """Leave the field."""
        self.ids.field.focus = False

    def scanned(self, code: str) -> bool:
        """A scan has no place in an address."""
        del code
        return True


def _row(device: DeviceRow, chosen: str) -> dict[str, Any]:
    return {
        "title": device.title,
        "detail": device.address,
        "figure": device.state_text,
        "picture": PICTURES.get(device.state, ""),
        "target": f"device:{device.name}",
        "chosen": device.name == chosen,
    }
