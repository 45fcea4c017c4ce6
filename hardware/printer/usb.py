"""A printer on USB: bulk transfers with deadlines through libusb, the device found by what it is, not by its place.

Interface and endpoints are read from the device's own descriptors (USB printer class 07h, subclass 01h: one bulk OUT,
mostly one bulk IN), for printers differ in them. The interface is claimed for one job only and then given back to the
kernel's own driver, and the device is never reset: others may be using its other interfaces.
"""

import time
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from schema.errors import Unready

PRINTER_CLASS = 0x07
BULK_IN_BYTES = 512
CHUNK = 4096
# Some printers answer "nothing to say" at once instead of waiting; they are asked again after this.
LOOK_S = 0.02


class UsbName(Struct, frozen=True, kw_only=True):
    """Which printer is meant: its vendor and product, its serial number; nothing means the only printer there is."""

    vendor: int | None = None
    product: int | None = None
    serial: str = ""


class UsbFound(Struct, frozen=True, kw_only=True):
    """A printer that is plugged in, as the doctor lists it. A title may be empty: reading it needs the permission."""

    vendor: int
    product: int
    title: str = ""
    serial: str = ""

    @property
    def address(self) -> str:
        """Return what the settings call it."""
        return f"escpos+usb://{self.vendor:04x}/{self.product:04x}"


class UsbTransport:
    """One printer by name. `backend` is the USB library; none means the system's libusb."""

    advice = "Check its power and its cable; the till's user needs the permission (deploy/udev)."

    def __init__(self, name: UsbName | None = None, backend: Any = None) -> None:
        self.name, self._backend = name or UsbName(), backend

    @property
    def place(self) -> str:
        if self.name.vendor is None:
            return "USB"
        return f"USB {self.name.vendor:04x}:{self.name.product or 0:04x}"

    def open(self, wait_ms: int) -> "UsbLine":  # noqa: ARG002  # it is there or not
        """Claim the printer. Raises OSError when it is not there or not ours, Unready when it is not clear which."""
        found = [device for device in printers(self._backend) if _is_named(device, self.name)]
        if not found:
            raise OSError("no such printer is plugged in")
        if len(found) > 1:
            raise Unready(
                "printer_usb_several",
                f"{len(found)} USB printers fit. Nothing was printed. Name one by vendor, product and serial number.",
            )
        return UsbLine(found[0])


class UsbLine:
    """A claimed printer. A transfer that times out says how much the printer took."""

    counts_exactly = True

    def __init__(self, device: Any) -> None:
        import usb.util

        self._device = device
        self._interface = _interface(device)
        self._out = _endpoint(self._interface, usb.util.ENDPOINT_OUT)
        self._in = _endpoint(self._interface, usb.util.ENDPOINT_IN)
        if self._out is None:
            raise OSError("it has no way in for data")
        self._took_from_kernel = _take_from_kernel(device, self._interface.bInterfaceNumber)
        try:
            usb.util.claim_interface(device, self._interface.bInterfaceNumber)
        except OSError:
            # Another program holds it: what we took from the kernel goes back all the same.
            self.close()
            raise

    @property
    def can_answer(self) -> bool:
        return self._in is not None

    def write(self, data: memoryview, deadline: float) -> int:
        import usb.core

        try:
            return int(self._device.write(self._out, bytes(data[:CHUNK]), _ms_until(deadline)))
        except usb.core.USBTimeoutError:
            return 0

    def flush(self, deadline: float) -> bool:  # noqa: ARG002  # nothing to wait for
        return True

    def read(self, deadline: float) -> bytes:
        import usb.core

        while time.monotonic() < deadline:
            try:
                if chunk := bytes(self._device.read(self._in, BULK_IN_BYTES, _ms_until(deadline))):
                    return chunk
            except usb.core.USBTimeoutError:
                break
            time.sleep(LOOK_S)
        return b""

    def close(self) -> None:
        """Give the printer back. One that is gone meanwhile cannot be given back, and need not be."""
        import usb.core
        import usb.util

        number = self._interface.bInterfaceNumber
        try:
            usb.util.release_interface(self._device, number)
            if self._took_from_kernel:
                self._device.attach_kernel_driver(number)
        except (usb.core.USBError, NotImplementedError):
            pass
        finally:
            usb.util.dispose_resources(self._device)


def printers(backend: Any = None) -> list[Any]:
    """Return the plugged-in devices that have a printer interface. Raises OSError where there is no libusb."""
    import usb.core

    try:
        found = usb.core.find(find_all=True, backend=backend or system_backend(), custom_match=_is_printer)
        return list(found or ())
    except usb.core.NoBackendError as error:
        raise OSError("the library libusb-1.0 is not installed") from error


def system_backend() -> Any:
    """Return the system's libusb; None where there is none, which pyusb then says."""
    import usb.backend.libusb1

    return usb.backend.libusb1.get_backend()


def list_printers(backend: Any = None) -> tuple[UsbFound, ...]:
    """Return what is plugged in, with the names that may be read."""
    return tuple(
        UsbFound(
            vendor=device.idVendor,
            product=device.idProduct,
            title=_text(device, "product") or "",
            serial=_text(device, "serial_number") or "",
        )
        for device in printers(backend)
    )


def _is_printer(device: Any) -> bool:
    return any(True for _ in _printer_interfaces(device))


def _printer_interfaces(device: Any) -> Iterator[Any]:
    import usb.core

    try:
        for configuration in device:
            for interface in configuration:
                if interface.bInterfaceClass == PRINTER_CLASS:
                    yield interface
    except usb.core.USBError:
        return  # unplugged while we looked


def _is_named(device: Any, name: UsbName) -> bool:
    return (
        name.vendor in (None, device.idVendor)
        and name.product in (None, device.idProduct)
        # One that may not be read stays in: opening it then says why.
        and (not name.serial or _text(device, "serial_number") in (name.serial, None))
    )


def _text(device: Any, field: str) -> str | None:
    """Read one of the device's own texts; None without the permission to."""
    import usb.core

    try:
        return str(getattr(device, field) or "").replace("\x00", "").strip()
    except (usb.core.USBError, ValueError, NotImplementedError):
        return None


def _interface(device: Any) -> Any:
    interface = next(_printer_interfaces(device), None)
    if interface is None:
        raise OSError("it was unplugged")
    return interface


def _take_from_kernel(device: Any, number: int) -> bool:
    """Ask the kernel's printer driver to let go; tell whether it had it."""
    try:
        if not device.is_kernel_driver_active(number):
            return False
        device.detach_kernel_driver(number)
    except NotImplementedError:
        return False  # Windows, macOS
    return True


def _endpoint(interface: Any, direction: int) -> Any:
    import usb.util

    for endpoint in interface:
        if (
            usb.util.endpoint_direction(endpoint.bEndpointAddress) == direction
            and usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        ):
            return endpoint.bEndpointAddress
    return None


def _ms_until(deadline: float) -> int:
    # 0 would mean for ever.
    return max(1, round((deadline - time.monotonic()) * 1000))
