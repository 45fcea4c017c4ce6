"""Commands for the till's own settings: devices, look, language, the device check, practice."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields


class Settings(Commands):
    def do_settings(self, _: Fields) -> Answer:
        settings = self._screens.settings
        settings.enter()
        return self._state()

    def do_set_device(self, fields: Fields) -> Answer:
        self._screens.settings.set_device(read.text(fields, "device"), read.text(fields, "address", default=""))
        return self._state()

    def do_set_language(self, fields: Fields) -> Answer:
        self._screens.settings.set_language(read.text(fields, "language"))
        return self._state()

    def do_set_theme(self, fields: Fields) -> Answer:
        self._screens.settings.set_theme(read.text(fields, "theme"))
        return self._state()

    def do_set_sound(self, fields: Fields) -> Answer:
        self._screens.settings.set_sound(on=read.text(fields, "sound") == "on")
        return self._state()

    def do_set_keyboard(self, fields: Fields) -> Answer:
        self._screens.settings.set_keyboard(read.text(fields, "keyboard"))
        return self._state()

    def do_check_devices(self, _: Fields) -> Answer:
        self._screens.settings.check()
        return self._state()

    def do_test_print(self, _: Fields) -> None:
        self._screens.settings.test_print()

    def do_speak(self, fields: Fields) -> Answer:
        self._screens.sign_in.speak(read.text(fields, "language"))
        return {"language": self._desk.words.language}

    def do_practice(self, _: Fields) -> Answer:
        self._screens.sign_in.switch_practice()
        return {"practice": self._screens.sign_in.state.practice}

    def _state(self) -> Answer:
        state = self._screens.settings.state
        devices = {
            row.name: {"address": row.address, "state": row.state, "finding": row.finding} for row in state.devices
        }
        look = {"language": state.language, "theme": state.theme, "sound": state.sound, "keyboard": state.keyboard}
        return {"devices": devices, "practice": state.practice} | look
