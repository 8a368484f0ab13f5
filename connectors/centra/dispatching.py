"""What left another warehouse, told to Centra: one shipment for each dispatch, created, then completed.

Two mutations a shipment (three where a person began it), the scarce thing. Everything is read first, so that each try goes
on where the last one stopped: a shipment that was created and not completed is finished, never made twice.
"""

from connectors import ports
from connectors.base import Account
from connectors.canonical.dispatches import Dispatch, DispatchRemark
from connectors.canonical.errors import HubError, PermanentError, UnknownOutcomeError
from connectors.canonical.payload import JSON
from connectors.centra import documents, shipments
from connectors.centra.client import Answer, CentraClient
from connectors.centra.orders import whole_id
from connectors.centra.shipments import Shipment, Standing

NOT_CAPTURED = "payment_not_captured"


class Dispatching:
    def __init__(self, client: CentraClient, account: Account) -> None:
        self._client = client
        self._captures = account.settings.get("capture_payments") is True
        self._mails = account.settings.get("dispatch_emails") is True
        self._warned: dict[tuple[str, str], str] = {}  # what Centra remarked while it created the dispatch's shipment

    def send(self, dispatch: Dispatch) -> str:
        """Create and complete the shipment, or finish it. Returns its id. Repeatable."""
        shipments.check_sendable(dispatch)
        standing = self._need(dispatch)
        shipment = shipments.find_shipment(standing, dispatch)
        if shipment is not None and shipment.shipped:
            return str(shipment.shipment_id)
        if shipment is None:
            shipments.refuse_unshippable(standing, dispatch)
            shipment_id, number = self._create(standing, dispatch)
        else:
            shipments.refuse_changed(standing, shipment, dispatch)
            shipments.refuse_held(standing)
            self._make_ready(standing, shipment, dispatch)
            shipment_id, number = shipment.shipment_id, shipment.number
        self._complete(standing, shipment_id, number, dispatch)
        return str(shipment_id)

    def find(self, dispatch: Dispatch) -> str | None:
        """The shipment's id when Centra shows the dispatch as shipped, else None: half-made is not there."""
        standing = self._read(dispatch)
        found = shipments.find_shipment(standing, dispatch) if standing else None
        return str(found.shipment_id) if found is not None and found.shipped else None

    def remarks(self, dispatch: Dispatch) -> tuple[DispatchRemark, ...]:
        """A payment that should have been captured with the shipment and was not. What Centra shows decides, not its words."""
        theirs = self._warned.pop(_key(dispatch), "")
        standing = self._read(dispatch) if self._captures else None
        found = shipments.find_shipment(standing, dispatch) if standing else None
        if standing is None or found is None or standing.sold_elsewhere or standing.capture_pending:
            return ()
        if found.captured or found.paid:
            return ()
        state = "completed it all the same" if found.shipped else "has not completed it yet"
        words = f"Centra made shipment {found.number} without capturing the payment, and {state}."
        return (DispatchRemark(code=NOT_CAPTURED, words=words, platform_words=theirs),)

    # --- reading --------------------------------------------------------------------------------------------------
    def _read(self, dispatch: Dispatch) -> Standing | None:
        number = whole_id(dispatch.order_reference)
        rows = self._client.execute(documents.READ_BEFORE_DISPATCH, {"number": number}).data["orders"]
        return shipments.parse_standing(rows[0]) if rows else None

    def _need(self, dispatch: Dispatch) -> Standing:
        standing = self._read(dispatch)
        if standing is None:
            number = dispatch.order_reference
            words = f"Centra has no order {number}, or the token may not see it. Look for it in Centra, then try again."
            raise PermanentError(words, subject=number, code="order_gone")
        return standing

    # --- sending --------------------------------------------------------------------------------------------------
    def _create(self, standing: Standing, dispatch: Dispatch) -> tuple[int, str]:
        wanted = shipments.build_shipment(standing, dispatch, capture=self._captures)
        answer = self._client.execute(documents.CREATE_SHIPMENT, {"input": wanted})
        made = _made(answer, "create")
        if made is not None:
            self._warned[_key(dispatch)] = answer.warned()
            return made
        if not answer.refusals:
            words = f"Centra's answer does not say whether it made the shipment of order {standing.number}."
            raise UnknownOutcomeError(words, code="no_shipment")
        return self._settled_creation(standing, dispatch, theirs=answer.refused("create"))

    def _settled_creation(self, standing: Standing, dispatch: Dispatch, *, theirs: str) -> tuple[int, str]:
        """Centra refused: benign where the shipment is there by now; else what the order shows says why."""
        now = self._read_again(dispatch, theirs)
        if found := shipments.find_shipment(now, dispatch):
            return found.shipment_id, found.number
        shipments.refuse_unshippable(now, dispatch)
        words = (
            f"Centra made no shipment for order {standing.number}. Most often its units are not allocated: "
            "allocate them in Centra, then try again."
        )
        raise PermanentError(words, subject=str(standing.number), platform_words=theirs, code="shipment_refused")

    def _make_ready(self, standing: Standing, shipment: Shipment, dispatch: Dispatch) -> None:
        """A shipment that a person began: what it lacks, in one mutation. None for one that the hub began."""
        wanted = shipments.build_readiness(standing, shipment, dispatch, capture=self._captures)
        if not wanted:
            return
        answer = self._client.execute(documents.UPDATE_SHIPMENT, {"id": shipment.shipment_id, "input": wanted})
        if answer.refusals:
            words = f"Centra did not let the hub go on with shipment {shipment.number}. Look at it in Centra, then try again."
            theirs = answer.refused("update")
            raise PermanentError(words, subject=str(standing.number), platform_words=theirs, code="update_refused")

    def _complete(self, standing: Standing, shipment_id: int, number: str, dispatch: Dispatch) -> None:
        mail = self._mails and not standing.sold_elsewhere
        wanted = shipments.build_completion(dispatch, now=ports.now(), send_email=mail)
        answer = self._client.execute(documents.COMPLETE_SHIPMENT, {"id": shipment_id, "input": wanted})
        if _made(answer, "complete") is not None:
            return
        theirs = answer.refused("complete") or answer.warned()
        now = self._read_again(dispatch, theirs)
        if any(one.shipment_id == shipment_id and one.shipped for one in now.shipments):
            return
        shipments.refuse_held(now)
        words = (
            f"Centra made shipment {number}, but did not complete it. Look at it in Centra, settle the reason, then try "
            "again: the hub goes on with this shipment."
        )
        raise PermanentError(words, subject=str(standing.number), platform_words=theirs, code="completion_refused")

    def _read_again(self, dispatch: Dispatch, theirs: str) -> Standing:
        try:
            return self._need(dispatch)
        except HubError as error:
            number = dispatch.order_reference
            words = f"Centra did not do all it was asked with order {number}, and the order could not be read again."
            raise UnknownOutcomeError(words, platform_words=theirs or error.platform_words, code=error.code) from error


def _key(dispatch: Dispatch) -> tuple[str, str]:
    return dispatch.order_reference, dispatch.dispatch_id


def _made(answer: Answer, field: str) -> tuple[int, str] | None:
    """Id and number of the shipment that a mutation answered with; None where it was refused."""
    payload: JSON = answer.data.get(field)
    shipment = payload.get("shipment") if isinstance(payload, dict) else None
    if not isinstance(shipment, dict) or answer.refused(field):
        return None
    found, number = shipment.get("id"), shipment.get("number")
    return (found, str(number or found)) if isinstance(found, int) else None
