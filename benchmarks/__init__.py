"""What Kept can do on this machine, as ratios against a limit measured in the same run.

    ./run bench             every benchmark, on PostgreSQL with fsync on
    ./run bench bookings    one of: bookings, availability, controls, lateness,
                            handover, start

Nothing here is a test and nothing asserts a time: machines differ. The figures aimed at stand in
docs/benchmarks.md beside those last seen.
"""
