"""The alarm over the deadline rows, with APScheduler."""

from adapters.alarm.scheduler import SchedulerAlarm

__all__ = ["SchedulerAlarm"]
