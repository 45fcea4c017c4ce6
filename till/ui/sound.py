"""The short tone that says "look here": made when it is first needed, silent where there is no loudspeaker."""

import io
import logging
import math
import struct
import tempfile
import wave
from functools import cache
from pathlib import Path
from typing import Any

LOG = logging.getLogger("till.ui")
RATE_HZ, TONE_HZ, LENGTH_S, LOUDNESS = 22050, 440, 0.18, 0.4


def beep() -> None:
    """Play the tone. A till without sound goes on without it."""
    tone = _tone()
    if tone is not None:
        tone.play()


@cache
def _tone() -> Any:
    from kivy.core.audio import SoundLoader

    try:
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            Path(file.name).write_bytes(_wave())
            return SoundLoader.load(file.name)
    except Exception:
        LOG.warning("no sound on this machine", exc_info=True)
        return None


def _wave() -> bytes:
    frames = int(RATE_HZ * LENGTH_S)
    samples = (
        LOUDNESS * math.sin(2 * math.pi * TONE_HZ * frame / RATE_HZ) * (1 - frame / frames) for frame in range(frames)
    )
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(b"".join(struct.pack("<h", int(sample * 32767)) for sample in samples))
    return data.getvalue()
