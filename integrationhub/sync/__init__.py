"""The engine: feeds, inbox, jobs, attempts, outcomes, lanes, leases, schedule, budget, webhook views.

It knows no flow by name: flows register with it. RQ wakes its workers; the rows are the record.
"""
