"""The bell: whoever waits hears it, in a thread or a coroutine, also when it rang in between."""

import asyncio
import threading
import time

from server.bell import Bell


def test_a_thread_hears_a_ring():
    bell = Bell()
    threading.Timer(0.05, bell.ring).start()
    began = time.monotonic()
    assert bell.wait(0, 10)
    assert time.monotonic() - began < 5


def test_a_ring_before_the_wait_counts():
    bell = Bell()
    seen = bell.rings
    bell.ring()
    assert bell.wait(seen, 0)
    assert asyncio.run(bell.heard(seen, 0))


def test_silence_ends_the_wait():
    bell = Bell()
    assert not bell.wait(0, 0.05)
    assert not asyncio.run(bell.heard(0, 0.05))


def test_many_coroutines_hear_one_ring_from_a_thread():
    bell = Bell()

    async def wait_together():
        threading.Timer(0.05, bell.ring).start()
        return await asyncio.gather(*(bell.heard(0, 10) for _ in range(200)))

    assert all(asyncio.run(wait_together()))


def test_who_gave_up_waiting_is_forgotten():
    bell = Bell()
    asyncio.run(bell.heard(0, 0.01))
    bell.ring()
    assert bell.rings == 1
