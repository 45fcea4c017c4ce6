"""A USB bus without a plug: what libusb shows of it, as a back end for pyusb, with a printer emulator at the far end.

The devices' descriptors are real ones in shape (USB 2.0 §9.6, printer class 1.1), transfers carry real bytes to the
printer emulator's port, and the bus fails as one does: no permission, unplugged at any moment, a printer that takes
nothing (NAK until the time is over) or stops within a transfer. It stands on the device's side of the library.
"""

# ruff: noqa: ARG002, PLR0917
# pyusb calls these methods by position and hands over more than a printer needs.
import array
import errno
import socket
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Literal

import usb.backend
import usb.core
from msgspec import Struct
from usb.backend.libusb1 import LIBUSB_ERROR_TIMEOUT

UsbFault = Literal["none", "no-permission", "unplugged", "takes-nothing", "stops-within", "dies-within"]
PRINTER_CLASS, PRINTER_SUBCLASS = 0x07, 0x01
OUT, IN = 0x02, 0x81
BULK = 2
# So many bytes go through before a fault within a transfer strikes.
TAKEN_BEFORE_FAULT = 100


class Plugged(Struct, kw_only=True):
    """One device on the bus, and how it behaves. `port` is the printer emulator that prints what it is sent."""

    vendor: int = 0x04B8
    product: int = 0x0E28
    title: str = "TM-T20III"
    serial: str = ""
    port: int = 0
    is_printer: bool = True
    is_two_way: bool = True
    kernel_has_it: bool = True
    fault: UsbFault = "none"
    is_claimed: bool = False
    resets: int = 0


class UsbBus(usb.backend.IBackend):  # type: ignore[misc]  # pyusb carries no types
    """The bus as pyusb asks for it: method names and parameters are pyusb's."""

    def __init__(self, *devices: Plugged) -> None:
        self.devices = list(devices)
        self._lines: dict[int, socket.socket] = {}

    # --- what is plugged in --------------------------------------------------------------------------------------

    def enumerate_devices(self) -> Iterator[Plugged]:
        return iter([device for device in self.devices if device.fault != "unplugged"])

    def get_device_descriptor(self, dev: Plugged) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=dev.vendor,
            idProduct=dev.product,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=2,
            iSerialNumber=3,
            bNumConfigurations=1,
            address=1 + self.devices.index(dev),
            bus=1,
            port_number=1,
            port_numbers=(1,),
            speed=3,
        )

    def get_configuration_descriptor(self, dev: Plugged, config: int) -> SimpleNamespace:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=32,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0xC0,
            bMaxPower=1,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: Plugged, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf or alt:
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=2 if dev.is_two_way else 1,
            bInterfaceClass=PRINTER_CLASS if dev.is_printer else 0x03,
            bInterfaceSubClass=PRINTER_SUBCLASS,
            bInterfaceProtocol=2 if dev.is_two_way else 1,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: Plugged, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=(OUT, IN)[ep],
            bmAttributes=BULK,
            wMaxPacketSize=64,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    # --- opening -------------------------------------------------------------------------------------------------

    def open_device(self, dev: Plugged) -> Plugged:
        self._check_plugged(dev)
        if dev.fault == "no-permission":
            raise usb.core.USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        return dev

    def close_device(self, dev_handle: Plugged) -> None:
        line = self._lines.pop(id(dev_handle), None)
        if line is not None:
            line.close()

    def get_configuration(self, dev_handle: Plugged) -> int:
        return 1

    def set_configuration(self, dev_handle: Plugged, config_value: int) -> None:
        self._check_plugged(dev_handle)

    def claim_interface(self, dev_handle: Plugged, intf: int) -> None:
        self._check_plugged(dev_handle)
        if dev_handle.is_claimed or dev_handle.kernel_has_it:
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.is_claimed = True

    def release_interface(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.is_claimed = False
        self._check_plugged(dev_handle)

    def is_kernel_driver_active(self, dev_handle: Plugged, intf: int) -> bool:
        return dev_handle.kernel_has_it

    def detach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.kernel_has_it = False

    def attach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.kernel_has_it = True

    def reset_device(self, dev_handle: Plugged) -> None:
        dev_handle.resets += 1

    # --- transfers -----------------------------------------------------------------------------------------------

    def ctrl_transfer(
        self,
        dev_handle: Plugged,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        data: "array.array[int]",
        timeout: int,
    ) -> int:
        """Answer GET_DESCRIPTOR for strings: language list, product, serial number."""
        self._check_plugged(dev_handle)
        texts = {2: dev_handle.title, 3: dev_handle.serial}
        body = b"\x09\x04" if not wValue & 0xFF else texts.get(wValue & 0xFF, "").encode("utf-16-le")
        answer = bytes([2 + len(body), 3]) + body
        data[: len(answer)] = array.array("B", answer)
        return min(len(answer), len(data))

    def bulk_write(self, dev_handle: Plugged, ep: int, intf: int, data: "array.array[int]", timeout: int) -> int:
        self._check_claimed(dev_handle)
        deadline = _deadline(timeout)
        match dev_handle.fault:
            case "takes-nothing":
                self._time_out(deadline)
            case "stops-within":
                self._line(dev_handle).sendall(data.tobytes()[:TAKEN_BEFORE_FAULT])
                dev_handle.fault = "takes-nothing"
                return min(TAKEN_BEFORE_FAULT, len(data))
            case "dies-within" if len(data) > TAKEN_BEFORE_FAULT:
                self._line(dev_handle).sendall(data.tobytes()[:TAKEN_BEFORE_FAULT])
                dev_handle.fault = "unplugged"
                self._check_plugged(dev_handle)
        self._line(dev_handle).sendall(data.tobytes())
        return len(data)

    def bulk_read(self, dev_handle: Plugged, ep: int, intf: int, buff: "array.array[int]", timeout: int) -> int:
        self._check_claimed(dev_handle)
        line = self._line(dev_handle)
        line.settimeout(max(timeout, 1) / 1000)
        try:
            answer = line.recv(len(buff))
        except TimeoutError:
            raise _timed_out() from None
        buff[: len(answer)] = array.array("B", answer)
        return len(answer)

    def _line(self, device: Plugged) -> socket.socket:
        if id(device) not in self._lines:
            self._lines[id(device)] = socket.create_connection(("127.0.0.1", device.port), timeout=5)
        return self._lines[id(device)]

    def _check_plugged(self, device: Plugged) -> None:
        if device.fault == "unplugged":
            raise usb.core.USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)

    def _check_claimed(self, device: Plugged) -> None:
        self._check_plugged(device)
        if not device.is_claimed:
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)

    def _time_out(self, deadline: Callable[[], float]) -> None:
        time.sleep(deadline())
        raise _timed_out()


def _deadline(timeout_ms: int) -> Callable[[], float]:
    end = time.monotonic() + timeout_ms / 1000
    return lambda: max(0.0, end - time.monotonic())


def _timed_out() -> usb.core.USBTimeoutError:
    return usb.core.USBTimeoutError("Operation timed out", LIBUSB_ERROR_TIMEOUT, errno.ETIMEDOUT)
