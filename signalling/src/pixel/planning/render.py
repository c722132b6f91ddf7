"""The report as data and as a page. Both say the same: the page is made of the data, and of charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pixel.planning.charts import COLOURS, Chart, bars, lying, stacked
from pixel.planning.costs import MONTH_HOURS
from pixel.planning.figures import DayFigures, Figures, PoolFigures
from pixel.planning.money import Currency
from pixel.planning.prices import Prices

DAILY = 62
"""Days up to which charts have a bar for each; longer periods have one for each week."""
WAITS = ((-1, 30), (30, 60), (60, 90), (90, 120), (120, 180), (180, 300), (300, None))
"""The chart of waiting times: above and up to how many seconds a bar counts."""
OTHERS = "others"

REASONS = {
    "closed": "closed by its caller",
    "left": "its players left",
    "never_connected": "nobody ever connected",
    "cap": "reached the longest duration",
    "start_timeout": "the member was not ready in time",
    "no_capacity": "AWS had no capacity",
    "member_stopped": "the member was stopped from outside",
    "lost": "the member was lost",
}
REFUSALS = {
    "pool_empty": "all members were in use",
    "no_capacity": "AWS had no capacity",
    "over_cap": "the key had all the sessions it may have",
    "member_stopped": "the member was gone",
}
LEAKS = {
    "expired": "its session was over, and it ran on",
    "unleased": "it ran without any session",
    "stuck": "it was drained, and did not stop",
}


def data(report: Figures, names: Mapping[str, str], prices: Prices, money: Currency) -> dict[str, Any]:
    """Return the report as data that JSON can hold; amounts are in the currency.

    Args:
        report: the figures.
        names: names of API keys, by id.
        prices: what it was worked out with.
        money: what amounts are shown in.
    """
    scope = report.scope
    turned_away = sum(pool.turned_away for pool in report.pools)
    sessions = sum(pool.sessions for pool in report.pools)
    return {
        "period": {"from": scope.first.isoformat(), "to": scope.last.isoformat(), "time_zone": scope.zone.key},
        "currency": {"code": money.code, "usd": money.usd, "note": money.note},
        "total": {
            "sessions": sessions,
            "minutes": round(sum(pool.minutes for pool in report.pools), 1),
            "peak": max((day.peak for day in report.days), default=0),
            "refused": sum(pool.refused for pool in report.pools),
            "turned_away": turned_away,
            "turned_away_share": round(turned_away / (turned_away + sessions), 4) if turned_away else 0.0,
            "leaks": sum(pool.leaks for pool in report.pools),
            "cost": _money(report.cost, money),
            "always_on": _money(report.always_on, money),
            "wake_path": _money(report.wake_path, money),
        },
        "pools": [_pool(pool, money) for pool in report.pools],
        "classes": [
            {
                "pool": one.pool,
                "key": one.owner,
                "name": names.get(one.owner, one.owner),
                "sessions": one.sessions,
                "minutes": round(one.minutes, 1),
                "refused": one.refused,
                "cost": _money(one.cost, money),
            }
            for one in sorted(report.classes, key=lambda one: -one.cost)
        ],
        "days": [_day(day, names) for day in report.days],
        "waits": [
            {"from": low, "to": high, "sessions": sum(low < wait <= (high or wait) for wait in report.waits)}
            for low, high in WAITS
        ],
        "ended": dict(report.reasons),
        "refusals": dict(report.refusals),
        "leaks": dict(report.leaks),
        "prices": {
            "region": prices.region,
            "instance_type": scope.machine.instance_type,
            "instance_hour_usd": prices.hour(scope.machine.instance_type),
            "volume_gb": scope.machine.volume_gb,
            "mbit": scope.machine.mbit,
            "spare_month": _money(scope.machine.volume_gb * prices.of("gp3_gb_month"), money),
            "oldest": prices.oldest().isoformat(),
            "unconfirmed": prices.unconfirmed(),
        },
        "accepted_refusal": scope.refusal,
        "months": round(scope.hours / MONTH_HOURS, 4),
    }  # fmt: skip


def page(report: Mapping[str, Any]) -> str:
    """Return the report's data as one HTML file: nothing is fetched, and no script runs."""
    templates = Environment(
        loader=PackageLoader("pixel.planning", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    sign = "€" if report["currency"]["code"] == "EUR" else "$"
    templates.filters |= {
        "money": lambda amount: f"{sign}{amount:,.2f}" if abs(amount) < 100 else f"{sign}{amount:,.0f}",
        "number": lambda value: f"{value:,.0f}",
        "hours": lambda minutes: f"{minutes / 60:,.1f} h",
        "wait": _wait,
        "day": _day_text,
        "percent": lambda share: f"{share * 100:.3g}%",
    }
    template = templates.get_template("report.html.j2")
    return template.render(report=report, charts=_charts(report), words=(REASONS, REFUSALS, LEAKS), sign=sign)


def _pool(pool: PoolFigures, money: Currency) -> dict[str, Any]:
    return {
        "pool": pool.pool,
        "size": pool.size,
        "sessions": pool.sessions,
        "minutes": round(pool.minutes, 1),
        "running_hours": round(pool.running_hours, 2),
        "gigabytes": round(pool.gigabytes, 1),
        "peak": pool.peak,
        "refused": pool.refused,
        "turned_away": pool.turned_away,
        "leaks": pool.leaks,
        "ready": asdict(pool.ready),
        "costs": {part: _money(usd, money) for part, usd in pool.costs.items()},
        "cost": _money(pool.cost, money),
        "always_on": _money(pool.always_on, money),
        "advice": {name: round(value, 2) for name, value in asdict(pool.advice).items()},
    }


def _day(day: DayFigures, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "sessions": {names.get(owner, owner): count for owner, count in day.sessions.items()},
        "minutes": round(day.minutes, 1),
        "peak": day.peak,
        "refused": day.refused,
        "leaks": day.leaks,
    }


def _charts(report: Mapping[str, Any]) -> dict[str, Chart]:
    steps = _steps(report["days"])
    labels = [_day_text(step[0]["day"]) for step in steps]
    classes = list(dict.fromkeys(one["name"] for one in report["classes"] if one["sessions"]))
    shown = classes if len(classes) <= COLOURS else classes[: COLOURS - 1]
    series = {name: [sum(day["sessions"].get(name, 0) for day in step) for step in steps] for name in shown}
    if len(shown) < len(classes):
        series[OTHERS] = [
            sum(count for day in step for name, count in day["sessions"].items() if name not in shown) for step in steps
        ]
    if not series:
        series[""] = [0] * len(steps)
    unit = "day" if len(steps) == len(report["days"]) else "week"
    waits = report["waits"]
    by_name: dict[str, float] = {}
    for one in report["classes"]:
        by_name[one["name"]] = by_name.get(one["name"], 0.0) + one["cost"]
    return {
        "sessions": stacked("sessions", f"Sessions a {unit}, by class", labels, series),
        "peak": bars(
            "peak", f"Members taken at once, the most of each {unit}", labels,
            [max(day["peak"] for day in step) for step in steps], "one",
        ),
        "refused": bars(
            "refused", f"Wakes refused a {unit}", labels,
            [sum(day["refused"] for day in step) for step in steps], "warn",
        ),
        "waits": bars(
            "waits", "Sessions by the time until they were ready", [_span(one["from"], one["to"]) for one in waits],
            [one["sessions"] for one in waits], "one",
        ),
        "classes": lying("classes", "Cost of the sessions, by class", list(by_name), list(by_name.values()), "one"),
    }  # fmt: skip


def _steps(days: Sequence[Mapping[str, Any]]) -> list[Sequence[Mapping[str, Any]]]:
    """Return the days of each bar."""
    size = 1 if len(days) <= DAILY else 7
    return [days[start : start + size] for start in range(0, len(days), size)]


def _span(low: float, high: float | None) -> str:
    def text(seconds: float) -> str:
        return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} m"

    return f"> {text(low)}" if high is None else f"≤ {text(high)}"


def _wait(seconds: float | None) -> str:
    if seconds is None:
        return "none"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _day_text(day: str) -> str:
    parsed = date.fromisoformat(day)
    return f"{parsed.day} {parsed:%b}"


def _money(usd: float, money: Currency) -> float:
    return round(money.of(usd), 2)
