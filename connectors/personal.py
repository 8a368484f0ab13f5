"""The names under which platforms keep what belongs to a person. Data for `redaction`.

Names are compared in lower case without punctuation: first_name, firstName and First-Name are one.
"""

import re
from enum import Enum
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PEOPLE = _words("""
    firstname lastname middlename fullname surname givenname familyname civility buyername buyerfirstname buyersurname
    customername recipientname receivername contactname shippingname billingname careof coaddress
""")
PLACES = _words("""
    street street1 street2 street3 streetbis streetname streetaddress streetaddress1 streetaddress2 housenumber address1
    address2 address3 addressline addressline1 addressline2 addressline3 line1 line2 line3 city town suburb zip zipcode
    postcode postalcode fulladdress fulldeliveryaddress additionalinfo deliveryinstruction deliveryinstructions doorcode
    company2 companyname businessname
""")
REACHES = _words("""
    email emailaddress mail electronicaddress phone phonenumber phonesecondary telephone telephonenumber tel mobile
    mobilephone mobilenumber cellphone cellphonenumber cell fax faxnumber
""")
IDENTITIES = _words("""
    birthdate dateofbirth birthcity birthcountry socialsecuritynumber nationalid identitynumber personalnumber taxid
    taxnumber vatnumber passportnumber iban bic bankaccount accountnumber cardnumber cardholder ipaddress clientip
    customerip personalinformation
""")
KEYS = _words("password apikey token accesstoken refreshtoken secret clientsecret authorization")
FIELDS = PEOPLE | PLACES | REACHES | IDENTITIES | KEYS

# "shipping_address_first_name" is a first name too.
FIELD_ENDINGS = tuple(
    _words("""
        firstname lastname fullname surname email emailaddress phone phonenumber streetaddress zipcode postcode
        postalcode password apikey accesstoken secret
    """)
)
# All that stands below these is a person's, but for HARMLESS.
OBJECTS = _words("""
    customer consumer buyer recipient receiver shopper person contact contacts party parties address addresses
    shippingaddress billingaddress deliveryaddress invoiceaddress shiptoaddress shipmentaddress returnaddress
    collectionaddress buyerbillingaddress buyershippingaddress customershippingaddress customerbillingaddress shipto
    billto deliverycontact accountingcontact contactmechanisms contactinformations
""")
HARMLESS = _words("""
    id code country countrycode countryisocode isocode state statecode locale language currency currencyisocode type
    kind class typename status active ispaid paid updatedat createdat
""")

_PUNCTUATION = re.compile(r"[\W_]+")
_JOINTS = re.compile(r"[.\[\]]+")


class Kind(Enum):
    FIELD = "its value is personal"
    OBJECT = "what is below it is personal"
    HARMLESS = "not personal even below an object"
    PLAIN = "personal only below an object"


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """What a field's name says of its value; "party.name" and "address[street]" are read from the left."""
    steps = [_PUNCTUATION.sub("", step).lower() for step in _JOINTS.split(name) if step]
    if not steps:
        return Kind.PLAIN
    kind = _kind_of_word(steps[-1])
    if kind is Kind.PLAIN and any(step in OBJECTS for step in steps[:-1]):
        return Kind.FIELD
    return kind


def _kind_of_word(word: str) -> Kind:
    if word in FIELDS or word.endswith(FIELD_ENDINGS):
        return Kind.FIELD
    if word in OBJECTS:
        return Kind.OBJECT
    if word in HARMLESS or word.endswith("id"):
        return Kind.HARMLESS
    return Kind.PLAIN
