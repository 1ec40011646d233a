"""Records of media files: kept once, found by everything, gone with their device, never without their blobs."""

import hashlib

import msgspec
import pytest

from tests.store.samples import ONE, START, TWO, Shelf, whole
from wayside.model.errors import NotFound
from wayside.model.instant import DAY, SECOND
from wayside.ports.media import (
    Forgotten,
    Kept,
    MediaFile,
    MediaKind,
    MediaQuery,
    MediaStore,
    Origin,
    Recording,
    Usage,
)
from wayside.ports.store import DeviceRecord, DeviceStatus, Span, Store


def media(number: int = 1, device: str = ONE, **changes: object) -> MediaFile:
    content = hashlib.sha256(f"{device}{number}".encode()).hexdigest()
    made = MediaFile(
        content[:32],
        device,
        f"EVENT_{number}.jpg",
        MediaKind.PICTURE,
        "image/jpeg",
        1000,
        content,
        content[32:],
        START + number * SECOND,
    )
    return msgspec.structs.replace(made, **changes)


FULL = media(
    kind=MediaKind.VIDEO,
    taken_at=START - 5,
    channel="road",
    origin=Origin.ALARM,
    alarm=12,
    command="c1",
)


def as_media(store: Store) -> MediaStore:
    assert hasattr(store, "keep_file")
    return store  # type: ignore[return-value] # every engine keeps media


async def registered(store: Store, *devices: str) -> MediaStore:
    for device in devices or (ONE, TWO):
        await store.put_device(DeviceRecord(device, "jimi", DeviceStatus.ACCEPTED, START))
    return as_media(store)


async def keep(store: MediaStore, *files: MediaFile) -> None:
    for file in files:
        assert await store.keep_file(file) == Kept(file, fresh=True)


async def names(store: MediaStore, query: MediaQuery, limit: int = 2) -> list[str]:
    return [file.name[len("EVENT_") : -len(".jpg")] for file in await whole(store.files, query, limit)]


async def test_an_empty_store_has_none(store: Store) -> None:
    media_store = as_media(store)
    assert await media_store.file("0" * 32) is None
    assert await names(media_store, MediaQuery()) == []
    assert await media_store.usage(ONE, START) == Usage()
    assert await media_store.surplus(START, 1, 1, 10) == []
    assert await media_store.orphans(10) == []
    assert not await media_store.forget_file("0" * 32)


async def test_every_field_comes_back_also_after_a_restart(shelf: Shelf) -> None:
    store = await shelf.open()
    await keep(await registered(store), FULL, media(2))
    for _ in range(2):
        assert await as_media(store).file(FULL.id) == FULL
        assert await as_media(store).file_with_content(ONE, FULL.sha256, FULL.name) == FULL
        assert await whole(as_media(store).files, MediaQuery()) == [media(2), FULL]
        await store.close()
        store = await shelf.open()


async def test_the_same_bytes_of_the_same_device_are_kept_once(store: Store) -> None:
    media_store = await registered(store)
    await keep(media_store, FULL)
    again = media(7, name=FULL.name, sha256=FULL.sha256)
    assert await media_store.keep_file(again) == Kept(FULL, fresh=False)
    assert await media_store.file(again.id) is None
    await keep(media_store, media(1, TWO, sha256=FULL.sha256))


async def test_the_same_bytes_under_another_name_have_a_record_of_their_own_and_share_the_blob(
    shelf: Shelf,
) -> None:
    store = await shelf.open()
    media_store = await registered(store)
    one, two, three = (media(number, sha256=FULL.sha256) for number in (1, 2, 3))
    shared = [one, *(msgspec.structs.replace(each, blob=one.id) for each in (two, three))]
    for each, kept in zip((one, two, three), shared, strict=True):
        await media_store.expect_blob(each.id)
        assert await media_store.keep_file(each) == Kept(kept, fresh=True)
        assert await media_store.keep_file(each) == Kept(kept, fresh=False)
    assert set(await media_store.orphans(10)) == {two.id, three.id}, "what was put for them is not needed"
    await media_store.bury([two.id, three.id])
    assert await media_store.files_named([(ONE, each.name) for each in shared]) == {
        (ONE, each.name): each.id for each in shared
    }
    await store.close()
    media_store = as_media(await shelf.open())
    assert await media_store.file_with_content(ONE, FULL.sha256, two.name) == shared[1]
    assert await media_store.forget_file(one.id) == Forgotten(None), "also when the first of them goes"
    assert await media_store.keep_file(one) == Kept(msgspec.structs.replace(one, blob=one.id), fresh=True)
    for each in (one, two):
        assert await media_store.forget_file(each.id) == Forgotten(None)
    assert await media_store.orphans(10) == []
    assert await media_store.forget_file(three.id) == Forgotten(one.id)
    assert await media_store.orphans(10) == [one.id]


async def test_a_deleted_device_leaves_a_shared_blob_once(shelf: Shelf) -> None:
    store = await shelf.open()
    media_store = await registered(store)
    for number in (1, 2, 3):
        await media_store.keep_file(media(number, sha256=FULL.sha256))
    await store.delete_device(ONE)
    await shelf.settle(store)
    assert await media_store.orphans(10) == [media(1).id]


async def test_a_file_of_no_device_is_refused(store: Store) -> None:
    media_store = await registered(store, TWO)
    for work in (media_store.keep_file(media()), media_store.put_recordings(ONE, [])):
        with pytest.raises(NotFound, match="no such device"):
            await work
    assert await media_store.file(media().id) is None


async def test_lists_are_filtered_and_paged(store: Store) -> None:
    media_store = await registered(store)
    for number in range(1, 9):
        await keep(
            media_store,
            media(
                number,
                (ONE, TWO)[number // 5],
                kind=MediaKind.VIDEO if number % 2 else MediaKind.PICTURE,
                origin=Origin.ALARM if number % 3 else Origin.COMMAND,
                alarm=5 if number in (2, 4, 7) else None,
                command="c3" if not number % 3 else None,
            ),
        )
    span = Span(since=START + 3 * SECOND, until=START + 7 * SECOND)
    cases = [
        (MediaQuery(), "87654321"),
        (MediaQuery(device=TWO), "8765"),
        (MediaQuery(device="jimi:000000000000000"), ""),
        (MediaQuery(kind=MediaKind.VIDEO), "7531"),
        (MediaQuery(origin=Origin.COMMAND), "63"),
        (MediaQuery(alarm=5), "742"),
        (MediaQuery(alarm=5, device=ONE), "42"),
        (MediaQuery(command="c3"), "63"),
        (MediaQuery(name="EVENT_4.jpg"), "4"),
        (MediaQuery(name="EVENT_4.jpg", device=TWO), ""),
        (MediaQuery(ONE, MediaKind.PICTURE, Origin.ALARM, 5), "42"),
        (MediaQuery(span=span), "6543"),
        (MediaQuery(device=ONE, kind=MediaKind.PICTURE, span=span), "4"),
    ]
    for limit in (1, 2, 3, 100):
        for query, expected in cases:
            assert "".join(await names(media_store, query, limit)) == expected, query


async def test_equal_times_of_receipt_lose_nothing_between_pages(store: Store) -> None:
    media_store = await registered(store)
    await keep(media_store, *(media(number, received_at=START) for number in range(1, 6)))
    assert "".join(await names(media_store, MediaQuery(), 2)) == "54321"


async def test_names_lead_to_the_newest_file(store: Store) -> None:
    media_store = await registered(store)
    odd = "'; DROP TABLE media; --\u2028\"\\"
    await keep(media_store, media(1, name=odd), media(3, name=odd), media(2, name=odd), media(1, TWO))
    wanted = [(ONE, odd), (TWO, odd), (TWO, media(1).name), (ONE, media(1).name)]
    assert await media_store.files_named(wanted) == {
        (ONE, odd): media(3).id,
        (TWO, media(1).name): media(1, TWO).id,
    }
    assert await media_store.files_named([]) == {}


async def test_a_record_that_goes_leaves_its_blob_noted(shelf: Shelf) -> None:
    store = await shelf.open()
    media_store = await registered(store)
    await keep(media_store, media(1), media(2))
    assert await media_store.forget_file(media(1).id)
    assert not await media_store.forget_file(media(1).id)
    assert await media_store.file(media(1).id) is None
    await store.close()
    media_store = as_media(await shelf.open())
    assert await media_store.orphans(10) == [media(1).id]
    await media_store.bury([media(1).id])
    assert await media_store.orphans(10) == []


async def test_a_blob_that_may_come_is_an_orphan_until_its_record_is_there(shelf: Shelf) -> None:
    store = await shelf.open()
    media_store = await registered(store, ONE)
    again = media(3, name=media(1).name, sha256=media(1).sha256)
    for number in (1, 2, 3):
        await media_store.expect_blob(media(number).id)
    await media_store.expect_blob(media(2).id)
    await keep(media_store, media(1))
    assert not (await media_store.keep_file(again)).fresh
    with pytest.raises(NotFound):
        await media_store.keep_file(media(2, TWO, id=media(2).id))
    await store.close()
    media_store = as_media(await shelf.open())
    assert set(await media_store.orphans(10)) == {media(2).id, media(3).id}


async def test_a_deleted_device_takes_its_media_along(shelf: Shelf) -> None:
    store = await shelf.open()
    media_store = await registered(store)
    await keep(media_store, media(1), media(2), media(3, TWO))
    await media_store.put_recordings(ONE, [Recording(ONE, "a", START)])
    await store.delete_device(ONE)
    assert await names(media_store, MediaQuery()) == ["3"], "invisible at once"
    assert await media_store.file(media(1).id) is None
    assert not await media_store.forget_file(media(1).id)
    assert await media_store.files_named([(ONE, media(1).name)]) == {}
    assert (await media_store.recordings(ONE, Span())).items == ()
    with pytest.raises(NotFound):
        await media_store.keep_file(media(1))
    await shelf.settle(store)
    assert set(await media_store.orphans(10)) == {media(1).id, media(2).id}
    await registered(store, ONE)
    assert await media_store.usage(ONE, 0) == Usage(), "a new device of that name begins with nothing"
    await keep(media_store, media(1, id="f" * 32))


async def test_what_is_too_old_or_too_much_is_found_oldest_first(store: Store) -> None:
    media_store = await registered(store)
    one = [media(number, size=100) for number in range(1, 6)]
    two = [media(number, TWO, size=100) for number in range(1, 3)]
    await keep(media_store, *one, *two)
    now = START + 3 * SECOND + DAY
    assert await media_store.surplus(now, 86_400, None, 10) == [one[0], two[0], one[1], two[1]]
    assert await media_store.surplus(now, 86_400, None, 3) == [one[0], two[0], one[1]]
    assert await media_store.surplus(now, None, 200, 10) == one[:3]
    assert await media_store.surplus(now, None, 299, 10) == one[:3]
    assert await media_store.surplus(now, None, 300, 10) == one[:2]
    assert await media_store.surplus(now, None, 500, 10) == []
    assert await media_store.surplus(now, None, 150, 2) == one[:2]
    assert await media_store.surplus(now, None, None, 10) == []
    for file in await media_store.surplus(now, None, 100, 10):
        await media_store.forget_file(file.id)
    assert await names(media_store, MediaQuery(), 100) == ["5", "2"]


async def test_usage_counts_a_devices_files_and_the_unexpected_among_them(store: Store) -> None:
    media_store = await registered(store)
    await keep(
        media_store,
        media(1, size=1),
        media(2, size=10, origin=Origin.ALARM),
        media(3, size=100),
        media(4, size=1000),
        media(5, TWO),
    )
    assert await media_store.usage(ONE, START + 3 * SECOND) == Usage(4, 1111, 2, 1100)


async def test_a_list_of_recordings_replaces_the_one_before(shelf: Shelf) -> None:
    store = await shelf.open()
    media_store = await registered(store)
    await media_store.put_recordings(ONE, [Recording(ONE, "old", START)])
    listed = [
        Recording(ONE, "b", START, START + 1, "road"),
        Recording(ONE, "x", START),
        Recording(ONE, "c", START, START + 2),
        Recording(ONE, "a", START, START + 1),
        Recording(ONE, "c", START, START + 3, "cabin"),
    ]
    await media_store.put_recordings(ONE, listed)
    await media_store.put_recordings(TWO, [Recording(TWO, "other", START)])
    await store.close()
    media_store = as_media(await shelf.open())

    async def found(span: Span) -> str:
        return "".join(
            one.name for one in await whole(lambda asked: media_store.recordings(ONE, asked), span, 2)
        )

    assert await found(Span()) == "cbax"
    assert await found(Span(since=START + 2)) == "c"
    assert await found(Span(until=START + 2)) == "ba"
    assert (await media_store.recordings(ONE, Span(limit=1))).items == (listed[4],)
    await media_store.put_recordings(ONE, [])
    assert await found(Span()) == ""
