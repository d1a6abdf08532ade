"""How many lanes a job has, and which processes of which hosts hold them."""

from collections import Counter
from collections.abc import Iterable

import psutil

from jobs.models import Job, Lane
from tests.workers import Worker


def count_working(job: Job) -> int:
    """How many lanes work on the job, or will once a worker has them; not those that only wait for
    answers."""
    return Lane.objects.working().filter(job=job).count()


def has_lane_per_worker(job: Job, hosts: Iterable[Worker]) -> bool:
    """Whether each worker process of these hosts, and no other, holds one lane of the job, and no
    lane waits."""
    expected: Counter[int] = Counter()
    processes: dict[int, set[int]] = {}
    for host in hosts:
        heartbeat = host.heartbeat
        expected[heartbeat.pk] = heartbeat.workers
        processes[heartbeat.pk] = {
            each.pid for each in psutil.Process(host.pid).children(recursive=True)
        }
    lanes = Lane.objects.working().running().filter(job=job).values_list("worker_id", "pid")
    holders = list(lanes)
    return (
        Counter(worker for worker, _ in holders) == expected
        and len(set(holders)) == len(holders)
        and all(pid in processes[worker] for worker, pid in holders)
        and not Lane.objects.filter(job=job, started_at=None).exists()
    )


def describe(job: Job) -> str:
    """All lanes of the job, for the message of a test that fails."""
    lanes = Lane.objects.filter(job=job).order_by("pk")
    columns = ("pk", "worker_id", "pid", "started_at", "due_at", "leaving")
    return "\n".join(str(lane) for lane in lanes.values(*columns)) or "no lanes"
