"""The office's lists: which columns each has, in which order, and the words for their values (domain §5)."""

from server.office.table import Choice, Column, TableSpec
from server.office.words import say

IMPORT_STATUS = (
    Choice(value="not imported", label=say("Not imported"), tone="wait"),
    Choice(value="imported", label=say("Imported"), tone="wait"),
    Choice(value="order complete", label=say("Order complete"), tone="go"),
    Choice(value="error", label=say("Error"), tone="stop"),
    Choice(value="canceled", label=say("Canceled"), tone="off"),
)
CHANNEL_STATUS = (
    Choice(value="exported", label=say("Exported"), tone="go"),
    Choice(value="no changes to sync", label=say("No changes to sync"), tone="off"),
    Choice(value="error", label=say("Error"), tone="stop"),
)
OMS_STATUS = (
    Choice(value="not exported", label=say("Not exported"), tone="off"),
    Choice(value="being exported", label=say("Being exported"), tone="wait"),
    Choice(value="exported", label=say("Exported"), tone="go"),
    Choice(value="error", label=say("Error"), tone="stop"),
)
ORDER_STATUS = (
    Choice(value="draft", label=say("Draft"), tone="off"),
    Choice(value="confirmed", label=say("Confirmed"), tone="wait"),
    Choice(value="partly_delivered", label=say("Partly delivered"), tone="wait"),
    Choice(value="ready_for_pickup", label=say("Ready for pickup"), tone="wait"),
    Choice(value="completed", label=say("Completed"), tone="go"),
    Choice(value="partly_cancelled", label=say("Partly cancelled"), tone="off"),
    Choice(value="fully_cancelled", label=say("Fully cancelled"), tone="off"),
)
ORIGIN = (
    Choice(value="till", label=say("Till")),
    Choice(value="office", label=say("Head office")),
    Choice(value="channel", label=say("Channel")),
)
KIND_LABELS = {
    "order": say("Sales order"),
    "webshop": say("Web shop order"),
    "phone": say("Phone order"),
    "workshop": say("Workshop order"),
    "sale": say("Sale"),
    "return": say("Return"),
}
KINDS = tuple(Choice(value=value, label=label) for value, label in KIND_LABELS.items())
DELIVERY = (
    Choice(value="pickup", label=say("Pickup")),
    Choice(value="delivery", label=say("Delivery")),
)
YES_NO = (
    Choice(value="yes", label=say("Paid"), tone="go"),
    Choice(value="no", label=say("Not paid"), tone="off"),
)
PAYMENT = (
    Choice(value="paid", label=say("Paid"), tone="go"),
    Choice(value="part_paid", label=say("Part paid"), tone="wait"),
    Choice(value="unpaid", label=say("Not paid"), tone="off"),
    Choice(value="overpaid", label=say("Overpaid"), tone="warn"),
)
TENDERS = {
    "cash": say("Cash"),
    "card": say("Card"),
    "card_manual": say("Card by hand"),
    "account": say("On account"),
    "voucher": say("Voucher"),
    "deposit": say("Deposit"),
    "rounding": say("Cash rounding"),
    "other lines": say("Other lines of the receipt"),
}
MAIL_STATE = (
    Choice(value="waiting", label=say("Waiting"), tone="wait"),
    Choice(value="sending", label=say("Being sent"), tone="wait"),
    Choice(value="sent", label=say("Sent"), tone="go"),
    Choice(value="refused", label=say("Refused"), tone="stop"),
    Choice(value="stopped", label=say("Given up"), tone="stop"),
    Choice(value="unsure", label=say("Perhaps arrived"), tone="warn"),
)
JOB_STATE = (
    Choice(value="pending", label=say("Pending"), tone="wait"),
    Choice(value="running", label=say("Running"), tone="wait"),
    Choice(value="done", label=say("Sync successful"), tone="go"),
    Choice(value="error", label=say("Error"), tone="stop"),
)
WORK_KINDS = (
    Choice(value="overpaid", label=say("Overpaid: refund due")),
    Choice(value="paid after cancel", label=say("Paid after cancelling: refund due")),
    Choice(value="price difference", label=say("Price difference")),
    Choice(value="unallocated", label=say("Payment for an unknown order")),
    Choice(value="pickup conflict", label=say("Goods handed over twice")),
    Choice(value="prepayment counted twice", label=say("Prepayment counted twice")),
    Choice(value="returned too much", label=say("More came back than was sold")),
    Choice(value="voided twice", label=say("Receipt voided twice")),
    Choice(value="voucher overdrawn", label=say("Voucher overdrawn")),
    Choice(value="voucher unknown", label=say("Unknown voucher redeemed")),
    Choice(value="voucher issued twice", label=say("Voucher issued twice")),
    Choice(value="open item unknown", label=say("Payment for an unknown open item")),
    Choice(value="open item overpaid", label=say("Open item overpaid: refund due")),
    Choice(value="credit limit exceeded", label=say("Credit limit exceeded")),
    Choice(value="customer number clash", label=say("Customer number used twice")),
    Choice(value="terminal difference", label=say("Card terminal differs")),
    Choice(value="mail not sent", label=say("Receipt not mailed")),
    Choice(value="fork", label=say("Two journals of one till"), tone="stop"),
    Choice(value="bad_event", label=say("Damaged event"), tone="stop"),
    Choice(value="frozen", label=say("Sent to a stopped stream"), tone="stop"),
    Choice(value="revoked", label=say("Sent by a withdrawn till"), tone="stop"),
    Choice(value="stale_epoch", label=say("Sent under an older enrolment"), tone="stop"),
)
# Batches that are kept as evidence: what the kind means; the event that broke the stream is for support.
STOPPED_STREAMS = {
    "fork": say(
        "Two programs wrote this till's journal, so it is stopped: perhaps its disk was copied. Find out which till is "
        "the true one. For support: {detail}"
    ),
    "bad_event": say(
        "An event came that is damaged or was changed, so this till's journal is stopped. Look at the till and its "
        "disk. For support: {detail}"
    ),
    "frozen": say("More came from a till whose journal is stopped. It is kept as evidence and not posted."),
    "revoked": say("A till whose access was withdrawn still sent sales. They are kept as evidence and not posted."),
    "stale_epoch": say("Sales came under an older enrolment of this till. They are kept as evidence and not posted."),
}
# The six job types are names that people search for and quote: they are not translated.
JOB_TYPES = tuple(
    Choice(value=name, label=name)
    for name in ("order-cash", "order-non-cash", "cash-in", "cash-out", "opening-diff", "close-diff")
)
ACCOUNT_KINDS = (
    Choice(value="asset", label=say("Asset")),
    Choice(value="liability", label=say("Liability")),
    Choice(value="equity", label=say("Equity")),
    Choice(value="income", label=say("Income")),
    Choice(value="expense", label=say("Expense")),
)
BLOCKED = (
    Choice(value="0", label=say("Sold"), tone="go"),
    Choice(value="1", label=say("Blocked"), tone="stop"),
)

LINE_KINDS = {
    "bottle_deposit": say("Bottle deposit"),
    "tip": say("Tip"),
    "voucher": say("Voucher issued"),
    "open_item": say("Open item paid"),
    "prepayment": say("Prepayment"),
}
PROMOTION_LABELS = {
    "x_for_y": say("So many for the price of fewer"),
    "percent": say("Percent off"),
    "amount": say("Amount off each"),
    "fixed_price": say("Price for each"),
    "threshold_percent": say("Percent off from an amount"),
    "threshold_amount": say("Amount off from an amount"),
}
PROMOTION_KIND = tuple(Choice(value=value, label=label) for value, label in PROMOTION_LABELS.items())
PROMOTION_STATE = (
    Choice(value="runs", label=say("Runs"), tone="go"),
    Choice(value="ended", label=say("Ended"), tone="off"),
)
VOUCHER_STATE = (
    Choice(value="0", label=say("Can be redeemed"), tone="go"),
    Choice(value="1", label=say("Blocked"), tone="stop"),
)
ITEM_STATE = (
    Choice(value="open", label=say("Open"), tone="wait"),
    Choice(value="paid", label=say("Paid"), tone="go"),
)

ORDERS = TableSpec(
    name="orders",
    path="/orders",
    row_path="/orders",
    key="id",
    sort="created_ms",
    currency="currency",
    sums=("total_minor",),
    columns=(
        Column(name="number", label=say("Number")),
        Column(name="created_ms", label=say("Created"), kind="instant"),
        Column(name="store", label=say("Store")),
        Column(name="customer_name", label=say("Customer"), wide=True),
        Column(name="total_minor", label=say("Amount"), kind="amount"),
        Column(name="import_status", label=say("Import from channel"), kind="choice", choices=IMPORT_STATUS),
        Column(name="channel_status", label=say("Export to channel"), kind="choice", choices=CHANNEL_STATUS),
        Column(name="oms_status", label=say("Export to OMS"), kind="choice", choices=OMS_STATUS),
        Column(name="oms_id", label=say("ID in OMS")),
        Column(name="till_receipt", label=say("Receipt at the till")),
        Column(name="status", label=say("Status"), kind="choice", choices=ORDER_STATUS, shown=False),
        Column(name="payment", label=say("Payment"), kind="choice", choices=PAYMENT, shown=False),
        Column(name="paid_minor", label=say("Paid amount"), kind="amount", shown=False),
        Column(name="oms_error", label=say("Error description"), shown=False, wide=True),
        Column(name="waits_since_ms", label=say("Export pending since"), kind="instant", shown=False),
        Column(name="origin", label=say("Comes from"), kind="choice", choices=ORIGIN, shown=False),
        Column(name="kind", label=say("Kind"), kind="choice", choices=KINDS, shown=False),
        Column(name="company", label=say("Company"), shown=False),
        Column(name="subject", label=say("Subject"), shown=False),
        Column(name="employee", label=say("Employee"), shown=False),
        Column(name="delivery", label=say("Delivery"), kind="choice", choices=DELIVERY, shown=False),
        Column(name="ordered_day", label=say("Order date"), kind="day", shown=False),
        Column(name="expected_day", label=say("Expected"), kind="day", shown=False),
        Column(name="modified_ms", label=say("Modified"), kind="instant", shown=False),
    ),
)
RECEIPT_KINDS = {"return": say("Return"), "void": say("Void"), "prepayment": say("Prepayment")}
RECEIPT_KIND = (
    Choice(value="sale", label=say("Sale")),
    *(Choice(value=value, label=label) for value, label in RECEIPT_KINDS.items()),
)

RECEIPTS = TableSpec(
    name="receipts",
    path="/invoicing",
    row_path="/invoicing",
    key="number",
    sort="issued_ms",
    currency="currency",
    sums=("total_minor", "paid_minor"),
    columns=(
        Column(name="number", label=say("Number")),
        Column(name="issued_ms", label=say("Date"), kind="instant"),
        Column(name="customer_name", label=say("Customer"), wide=True),
        Column(name="store", label=say("Store")),
        Column(name="till_receipt", label=say("Receipt at the till")),
        Column(name="total_minor", label=say("Amount"), kind="amount"),
        Column(name="paid", label=say("Paid"), kind="choice", choices=YES_NO),
        Column(name="kind", label=say("Kind"), kind="choice", choices=RECEIPT_KIND, shown=False),
        Column(name="paid_minor", label=say("Paid amount"), kind="amount", shown=False),
        Column(name="paid_ms", label=say("Paid at"), kind="instant", shown=False),
        Column(name="cashier", label=say("Cashier"), shown=False),
        Column(name="day", label=say("Business day"), kind="day", shown=False),
        Column(name="order_number", label=say("Order"), shown=False),
        Column(name="customer", label=say("Customer number"), shown=False),
    ),
)
MAILS = TableSpec(
    name="mails",
    path="/mails",
    row_path="/mails",
    key="id",
    sort="id",
    columns=(
        Column(name="created_ms", label=say("Wished at"), kind="instant"),
        Column(name="till_receipt", label=say("Receipt at the till")),
        Column(name="masked", label=say("To")),
        Column(name="state", label=say("Status"), kind="choice", choices=MAIL_STATE),
        Column(name="message", label=say("Message"), wide=True),
        Column(name="attempts", label=say("Tries"), kind="whole"),
        Column(name="sent_ms", label=say("Sent at"), kind="instant"),
        Column(name="receipt", label=say("Number")),
        Column(name="store", label=say("Store"), shown=False),
        Column(name="till_id", label=say("Till"), shown=False),
        Column(name="modified_ms", label=say("Modified"), kind="instant", shown=False),
    ),
)
JOBS = TableSpec(
    name="jobs",
    path="/accounting",
    row_path="/accounting/jobs",
    key="id",
    sort="id",
    columns=(
        Column(name="id", label=say("ID"), kind="text"),
        Column(name="created_ms", label=say("Created"), kind="instant"),
        Column(name="modified_ms", label=say("Modified"), kind="instant"),
        Column(name="type", label=say("Type"), kind="choice", choices=JOB_TYPES),
        Column(name="state", label=say("Status"), kind="choice", choices=JOB_STATE),
        Column(name="message", label=say("Message"), wide=True),
        Column(name="checked_ms", label=say("Last check"), kind="instant"),
        Column(name="retries", label=say("Retries"), kind="whole"),
        Column(name="receipt", label=say("Bill number in invoicing")),
        Column(name="till_receipt", label=say("Bill number at the till")),
        Column(name="store", label=say("Store"), shown=False),
        Column(name="till_id", label=say("Till"), shown=False),
    ),
)
ARTICLES = TableSpec(
    name="articles",
    path="/articles",
    row_path="/articles",
    key="number",
    sort="number",
    descending=False,
    columns=(
        Column(name="number", label=say("Number")),
        Column(name="name", label=say("Name"), wide=True),
        Column(name="group_name", label=say("Group")),
        Column(name="unit", label=say("Unit")),
        Column(name="tax_code", label=say("Tax code")),
        Column(name="price_minor", label=say("Price"), kind="amount"),
        Column(name="blocked", label=say("Status"), kind="choice", choices=BLOCKED),
        Column(name="variant_of", label=say("Variant of"), shown=False),
        Column(name="modified_ms", label=say("Modified"), kind="instant", shown=False),
    ),
)
CUSTOMERS = TableSpec(
    name="customers",
    path="/customers",
    row_path="/customers",
    key="number",
    sort="name",
    descending=False,
    columns=(
        Column(name="number", label=say("Number")),
        Column(name="name", label=say("Name"), wide=True),
        Column(name="company", label=say("Company")),
        Column(name="street", label=say("Street"), shown=False),
        Column(name="postcode", label=say("Postcode")),
        Column(name="city", label=say("City")),
        Column(name="country", label=say("Country"), shown=False),
        Column(name="email", label=say("E-mail")),
        Column(name="phone", label=say("Phone"), shown=False),
        Column(name="card_code", label=say("Customer card"), shown=False),
        Column(name="group_name", label=say("Group")),
        Column(name="credit_limit_minor", label=say("Credit limit"), kind="amount", shown=False),
        Column(name="payment_days", label=say("Days to pay"), kind="whole", shown=False),
        Column(name="modified_ms", label=say("Modified"), kind="instant", shown=False),
    ),
)
ENTRIES = TableSpec(
    name="entries",
    path="/accounting/entries",
    row_path="/accounting/entries",
    key="id",
    sort="number",
    currency="currency",
    sums=("amount_minor",),
    columns=(
        Column(name="number", label=say("Entry"), kind="text"),
        Column(name="day", label=say("Day"), kind="day"),
        Column(name="text", label=say("Text"), wide=True),
        Column(name="kind", label=say("Kind")),
        Column(name="store", label=say("Store")),
        Column(name="receipt", label=say("Receipt")),
        Column(name="amount_minor", label=say("Amount"), kind="amount"),
        Column(name="created_ms", label=say("Created"), kind="instant", shown=False),
    ),
)
SHEET = TableSpec(
    name="account",
    path="/accounting/accounts",
    row_path="/accounting/entries",
    key="entry_id",
    sort="number",
    markable=False,
    currency="currency",
    sums=("debit_minor", "credit_minor"),
    columns=(
        Column(name="number", label=say("Entry"), kind="text"),
        Column(name="day", label=say("Day"), kind="day"),
        Column(name="text", label=say("Text"), wide=True),
        Column(name="store", label=say("Store")),
        Column(name="receipt", label=say("Receipt")),
        Column(name="debit_minor", label=say("Debit"), kind="amount"),
        Column(name="credit_minor", label=say("Credit"), kind="amount"),
    ),
)
PRICE_LISTS = TableSpec(
    name="price_lists",
    path="/prices",
    row_path="/prices",
    key="name",
    sort="name",
    descending=False,
    markable=False,
    columns=(
        Column(name="name", label=say("Name"), wide=True),
        Column(name="group_name", label=say("For customers of the group")),
        Column(name="valid_from", label=say("First day"), kind="day"),
        Column(name="valid_to", label=say("Last day"), kind="day"),
        Column(name="prices", label=say("Prices"), kind="whole"),
        Column(name="currency", label=say("Currency"), shown=False),
        Column(name="modified_ms", label=say("Modified"), kind="instant", shown=False),
    ),
)
PROMOTIONS = TableSpec(
    name="promotions",
    path="/promotions",
    row_path="/promotions",
    key="code",
    sort="code",
    descending=False,
    markable=False,
    columns=(
        Column(name="code", label=say("Code")),
        Column(name="name", label=say("Name"), wide=True),
        Column(name="kind", label=say("Kind"), kind="choice", choices=PROMOTION_KIND),
        Column(name="customer_group", label=say("For customers of the group")),
        Column(name="valid_from", label=say("First day"), kind="day"),
        Column(name="valid_to", label=say("Last day"), kind="day"),
        Column(name="state", label=say("Status"), kind="choice", choices=PROMOTION_STATE),
        Column(name="modified_ms", label=say("Modified"), kind="instant", shown=False),
    ),
)
VOUCHERS = TableSpec(
    name="vouchers",
    path="/vouchers",
    row_path="/vouchers",
    key="code",
    sort="modified_ms",
    currency="currency",
    sums=("balance_minor", "issued_minor"),
    columns=(
        Column(name="code", label=say("Code")),
        Column(name="balance_minor", label=say("Balance"), kind="amount"),
        Column(name="issued_minor", label=say("Issued for"), kind="amount"),
        Column(name="valid_to", label=say("Valid until"), kind="day"),
        Column(name="blocked", label=say("Status"), kind="choice", choices=VOUCHER_STATE),
        Column(name="modified_ms", label=say("Modified"), kind="instant"),
    ),
)
OPEN_ITEMS = TableSpec(
    name="open_items",
    path="/open-items",
    key="reference",
    sort="day",
    currency="currency",
    sums=("amount_minor", "open_minor"),
    columns=(
        Column(name="reference", label=say("Receipt at the till")),
        Column(name="customer", label=say("Customer number")),
        Column(name="customer_name", label=say("Name"), wide=True),
        Column(name="company", label=say("Company")),
        Column(name="store", label=say("Store")),
        Column(name="day", label=say("Day"), kind="day"),
        Column(name="due_day", label=say("Due on"), kind="day"),
        Column(name="amount_minor", label=say("Amount"), kind="amount"),
        Column(name="open_minor", label=say("Still open"), kind="amount"),
        Column(name="state", label=say("Status"), kind="choice", choices=ITEM_STATE),
    ),
)
ALL = (ORDERS, RECEIPTS, JOBS, ARTICLES, CUSTOMERS, ENTRIES, PRICE_LISTS, PROMOTIONS, VOUCHERS, OPEN_ITEMS)
