from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.mitlab.pixel.plugins.module_utils.locks import Hold, take
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules, Result


def lock(modules: Modules, owner: str, state: str = "held", **more: object) -> Result:
    return modules.run(
        "lock", name="certificate", owner=owner, state=state, table=modules.sandbox.state.lease_table, **more
    )


def locks(modules: Modules) -> list[str]:
    """Return the owners of all locks there are."""
    items = modules.sandbox.dynamodb.scan(TableName=modules.sandbox.state.lease_table)["Items"]
    return [item["owner"]["S"] for item in items if item["instance_id"]["S"].startswith("lock#")]


def test_a_free_lock_is_taken_with_one_call(modules: Modules) -> None:
    result = lock(modules, "one")
    assert result["changes"] == ["took the lock certificate"]
    assert result.calls == {"dynamodb.UpdateItem": 1}
    assert locks(modules) == ["one"]


def test_a_held_lock_is_refused_with_its_owner_and_its_end(modules: Modules) -> None:
    lock(modules, "one")
    refused = lock(modules, "two")
    assert refused.failed
    assert "held by 'one' until 20" in refused["msg"]
    assert locks(modules) == ["one"]


def test_the_owner_may_take_it_again(modules: Modules) -> None:
    first = lock(modules, "one")
    assert lock(modules, "one")["held_until"] > first["held_until"]


def test_a_hold_that_has_ended_is_taken_over(modules: Modules) -> None:
    lock(modules, "killed", seconds=0)
    assert not lock(modules, "two").failed
    assert locks(modules) == ["two"]


def test_a_hold_that_ends_meanwhile_is_waited_for(modules: Modules) -> None:
    lock(modules, "killed", seconds=1)
    assert not lock(modules, "two", wait_timeout=20).failed


def test_letting_go_frees_it_for_others(modules: Modules) -> None:
    lock(modules, "one")
    assert lock(modules, "one", "free")["changes"] == ["let go of the lock certificate"]
    assert locks(modules) == []


def test_letting_go_twice_is_no_change(modules: Modules) -> None:
    assert not lock(modules, "one", "free")["changed"]


def test_anothers_lock_is_never_freed(modules: Modules) -> None:
    lock(modules, "one")
    assert not lock(modules, "two", "free")["changed"]
    assert locks(modules) == ["one"]


def test_of_many_at_once_one_takes_it(modules: Modules) -> None:
    class Patient:
        """A client that takes the option of the collection's own clients."""

        def update_item(self, *, aws_retry: bool, **request: object) -> object:
            return modules.sandbox.dynamodb.update_item(**request)

    def attempt(number: int) -> str:
        wanted = Hold("certificate", str(number), 2.0)
        return take(Patient(), modules.sandbox.state.lease_table, wanted, 1.0).owner

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(attempt, range(16)))) == 1


def test_a_lost_answer_is_no_failure(modules: Modules) -> None:
    modules.sandbox.set_faults(lost_answers={"probability": 0.5, "seed": 1, "actions": ["UpdateItem", "DeleteItem"]})
    assert not lock(modules, "one").failed
    assert not lock(modules, "one", "free").failed
    assert locks(modules) == []


def test_check_mode_takes_nothing(modules: Modules) -> None:
    assert lock(modules, "one", check=True)["changed"]
    assert locks(modules) == []


def test_a_table_that_is_not_there_is_named(modules: Modules) -> None:
    refused = modules.run("lock", name="certificate", owner="one", table="nowhere")
    assert "table is nowhere" in refused["msg"]


def test_a_lock_is_no_lease(modules: Modules) -> None:
    lock(modules, "one")
    modules.publish("1.0.0")
    assert not modules.fleet(1).failed
