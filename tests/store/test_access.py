"""Tokens and the audit log."""

from tests.store.samples import START, Shelf, whole
from wayside.ports.store import AuditRecord, Span, Store, TokenRecord


async def test_tokens_oldest_first_until_deleted(shelf: Shelf) -> None:
    store = await shelf.open()
    new = TokenRecord("t2", "ci", ("read",), b"\x01" * 32, START + 1, START + 9)
    old = TokenRecord("t1", "ops", ("read", "control"), b"\x02" * 32, START)
    await store.put_token(new)
    await store.put_token(old)
    await store.close()
    store = await shelf.open()
    assert await store.tokens() == [old, new]
    assert await store.delete_token("t1")
    assert not await store.delete_token("t1")
    assert await store.tokens() == [new]


async def test_the_audit_log_newest_first_within_times(store: Store) -> None:
    for n in range(12):
        await store.audit(
            AuditRecord(START + n // 2, "alice", "device.accept", f"jimi:{n}", "detail", id=999)
        )
    found = await whole(store.audit_records, Span(), 5)
    assert [record.subject for record in found] == [f"jimi:{n}" for n in reversed(range(12))]
    assert len({record.id for record in found}) == 12
    assert found[0] == AuditRecord(START + 5, "alice", "device.accept", "jimi:11", "detail", found[0].id)
    within = await whole(store.audit_records, Span(since=START + 2, until=START + 4), 3)
    assert [record.subject for record in within] == ["jimi:7", "jimi:6", "jimi:5", "jimi:4"]
