"""What this layer announces to the layers above it."""

from django.dispatch import Signal

# Arguments: version (MappingVersion). Sent inside the transaction that saves the version, after version and audit entry
# are written, so that a listener releases what waited in the same transaction; a listener that raises undoes the save.
# Sent also when saving changed nothing: releasing is repeatable, and whoever pressed "Save and release" finds the work
# released. Not sent for retirements. Listeners must not call a platform: the transaction is open.
mapping_saved = Signal()

# Arguments: brand (Brand), kind (str), codes (list of (from_code, link id or None)), by (str). As `mapping_saved`, once for
# all that an import wrote or an undone import restored.
mappings_imported = Signal()
