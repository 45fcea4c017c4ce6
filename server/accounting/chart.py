"""Charts of accounts as own data, and which account serves which purpose (domain §6).

A chart is a subset: what a shop's till needs. SKR03 and SKR04 are the two usual German charts (DATEV), RGS is the
Dutch reference scheme, here by the decimal numbers that Dutch shops use. An accountant changes the mapping later, per
store if wanted; what has been posted stays.

Purposes: `tender:<tender>` what a tender fills; `clearing:receipts` what receipts owe until they are paid;
`revenue:<tax code>`, `tax:<tax code>`; `prepayment:<tax code>` what customers paid in advance, net, and `deposits`
what they paid without a receipt of its own; `tip` owed to the staff; `voucher:issued` owed to the holders of vouchers
(a redeemed one is `tender:voucher`); `open-item` what paid open items lower; `cash-in`, `cash-out`, also per reason
(`cash-out:tip paid out`); `safe` what was skimmed and is on its way; `opening-diff`, `close-diff`; `rounding`;
`suspense` what nobody can allocate yet. Where `purpose:addition` has no account, that of `purpose` serves.
"""

from typing import Literal

from msgspec import Struct

from schema.errors import Refused
from server.accounting.tables import write_chart
from server.db import Connection

Kind = Literal["asset", "liability", "equity", "income", "expense"]
ALL_STORES = ""


class Account(Struct, frozen=True, kw_only=True):
    """An account and the purposes that it serves."""

    code: str
    name: str
    kind: Kind
    purposes: tuple[str, ...] = ()


def _account(code: str, name: str, kind: Kind, *purposes: str) -> Account:
    return Account(code=code, name=name, kind=kind, purposes=purposes)


_TIPS_DE = "Verbindlichkeiten aus Lohn und Gehalt (Trinkgelder)"
# A reason of StoreSettings.cash_out_reasons: what the staff take of their tips is no expense.
_TIP_PAID_OUT = "cash-out:tip paid out"

SKR03 = (
    _account("1000", "Kasse", "asset", "tender:cash"),
    _account("1360", "Geldtransit", "asset", "safe"),
    _account("1361", "Geldtransit Kartenzahlungen", "asset", "tender:card", "tender:card_manual"),
    _account("1400", "Forderungen aus Lieferungen und Leistungen", "asset", "tender:account", "open-item"),
    _account("1410", "Forderungen aus Kassenbelegen (Verrechnung)", "asset", "clearing:receipts"),
    _account("1590", "Durchlaufende Posten", "asset", "cash-in"),
    _account("1604", "Verbindlichkeiten aus Gutscheinen", "liability", "tender:voucher", "voucher:issued"),
    _account("1710", "Erhaltene Anzahlungen", "liability", "tender:deposit", "deposits", "prepayment"),
    _account("1711", "Erhaltene, versteuerte Anzahlungen 7 %", "liability", "prepayment:reduced"),
    _account("1718", "Erhaltene, versteuerte Anzahlungen 19 %", "liability", "prepayment:standard"),
    _account("1740", _TIPS_DE, "liability", "tip", _TIP_PAID_OUT),
    _account("1771", "Umsatzsteuer 7 %", "liability", "tax:reduced"),
    _account("1776", "Umsatzsteuer 19 %", "liability", "tax:standard"),
    _account("1780", "Umsatzsteuer-Vorauszahlungen", "liability"),
    _account("1792", "Ungeklärte Posten (Interimskonto)", "liability", "suspense"),
    _account("2300", "Kassendifferenzen", "expense", "opening-diff", "close-diff"),
    _account("4900", "Sonstige betriebliche Aufwendungen", "expense", "cash-out"),
    _account("4905", "Rundungsdifferenzen bar", "expense", "rounding"),
    _account("8200", "Erlöse ohne Umsatzsteuer", "income", "revenue:zero", "revenue:exempt", "revenue:none"),
    _account("8300", "Erlöse 7 % USt", "income", "revenue:reduced"),
    _account("8400", "Erlöse 19 % USt", "income", "revenue:standard"),
)

SKR04 = (
    _account("1200", "Forderungen aus Lieferungen und Leistungen", "asset", "tender:account", "open-item"),
    _account("1210", "Forderungen aus Kassenbelegen (Verrechnung)", "asset", "clearing:receipts"),
    _account("1370", "Durchlaufende Posten", "asset", "cash-in"),
    _account("1460", "Geldtransit", "asset", "safe"),
    _account("1461", "Geldtransit Kartenzahlungen", "asset", "tender:card", "tender:card_manual"),
    _account("1600", "Kasse", "asset", "tender:cash"),
    _account("3250", "Erhaltene Anzahlungen", "liability", "tender:deposit", "deposits", "prepayment"),
    _account("3260", "Erhaltene, versteuerte Anzahlungen 7 %", "liability", "prepayment:reduced"),
    _account("3272", "Erhaltene, versteuerte Anzahlungen 19 %", "liability", "prepayment:standard"),
    _account("3500", "Verbindlichkeiten aus Gutscheinen", "liability", "tender:voucher", "voucher:issued"),
    _account("3630", "Ungeklärte Posten (Interimskonto)", "liability", "suspense"),
    _account("3720", _TIPS_DE, "liability", "tip", _TIP_PAID_OUT),
    _account("3801", "Umsatzsteuer 7 %", "liability", "tax:reduced"),
    _account("3806", "Umsatzsteuer 19 %", "liability", "tax:standard"),
    _account("3820", "Umsatzsteuer-Vorauszahlungen", "liability"),
    _account("4200", "Erlöse ohne Umsatzsteuer", "income", "revenue:zero", "revenue:exempt", "revenue:none"),
    _account("4300", "Erlöse 7 % USt", "income", "revenue:reduced"),
    _account("4400", "Erlöse 19 % USt", "income", "revenue:standard"),
    _account("6300", "Sonstige betriebliche Aufwendungen", "expense", "cash-out"),
    _account("6304", "Rundungsdifferenzen bar", "expense", "rounding"),
    _account("6969", "Kassendifferenzen", "expense", "opening-diff", "close-diff"),
)

RGS = (
    _account("1000", "Kas", "asset", "tender:cash"),
    _account("1200", "Kruisposten", "asset", "safe"),
    _account("1210", "Kruisposten pin en kaart", "asset", "tender:card", "tender:card_manual"),
    _account("1300", "Debiteuren", "asset", "tender:account", "open-item"),
    _account("1310", "Tussenrekening kassabonnen", "asset", "clearing:receipts"),
    _account("1390", "Overige vorderingen", "asset", "cash-in"),
    _account("1500", "Af te dragen btw hoog", "liability", "tax:standard"),
    _account("1510", "Af te dragen btw laag", "liability", "tax:reduced"),
    _account("1610", "Te betalen fooien", "liability", "tip", _TIP_PAID_OUT),
    _account("1700", "Vooruitontvangen bedragen", "liability", "tender:deposit", "deposits", "prepayment"),
    _account("1710", "Uitstaande cadeaubonnen", "liability", "tender:voucher", "voucher:issued"),
    _account("2000", "Vraagposten", "liability", "suspense"),
    _account("4700", "Overige bedrijfskosten", "expense", "cash-out"),
    _account("4790", "Kasverschillen", "expense", "opening-diff", "close-diff"),
    _account("4795", "Afrondingsverschillen", "expense", "rounding"),
    _account("8000", "Omzet hoog tarief", "income", "revenue:standard"),
    _account("8010", "Omzet laag tarief", "income", "revenue:reduced"),
    _account("8020", "Omzet nultarief en vrijgesteld", "income", "revenue:zero", "revenue:exempt", "revenue:none"),
)

CHARTS: dict[str, tuple[Account, ...]] = {"SKR03": SKR03, "SKR04": SKR04, "RGS": RGS}
# The chart that a country begins with.
CHART_OF_COUNTRY = {"DE": "SKR03", "AT": "SKR03", "NL": "RGS"}


def install(connection: Connection, country: str, chart: str | None = None) -> str:
    """Store a country's chart (or the one named) with its mapping for all stores; return the chart's name.

    Running it again changes nothing but a mapping that was changed by hand. Raises Refused("unknown_chart").
    """
    name = chart or CHART_OF_COUNTRY.get(country, "")
    if name not in CHARTS:
        known = ", ".join(sorted(CHARTS))
        raise Refused("unknown_chart", f"No chart of accounts is known for “{chart or country}”. Choose one: {known}.")
    accounts = CHARTS[name]
    write_chart(
        connection,
        [(account.code, account.name, account.kind) for account in accounts],
        [(ALL_STORES, purpose, account.code) for account in accounts for purpose in account.purposes],
    )
    return name
