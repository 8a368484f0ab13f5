"""One thing done to many cases: a plan over a frozen set, then its run, with progress, pause and cancel.

A run that tries records again gives them all to the engine, each due at its turn, so that the call budget is kept and what
comes in meanwhile is not held up; pausing and cancelling take back what no worker has begun.
"""
