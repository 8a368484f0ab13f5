"""What a person must decide: cases by root cause, who owns them, their clocks, and the words they are told in.

Must not know: mappings, jobs, flows, platforms' field names. Layers above open, roll up and close cases; a person's
wish to try again is announced by the signal `retry_requested`.
"""
