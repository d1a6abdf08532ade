"""The queues that `jobs.engine` chooses from; each module has what its `Engine` asks for."""
