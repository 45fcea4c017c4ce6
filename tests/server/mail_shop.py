"""A sample shop whose receipts are wished by mail, and a postman who has a real mail server on a real socket."""

from msgspec.structs import replace
from pipeline_shop import Shop, StillClock

from rig.mail_server import MailServer
from schema.catalogue import ReceiptDesign
from schema.events import ReceiptMailWanted
from server.catalogue.store_rows import put_store, store_settings
from server.mailing.line import Deadlines
from server.mailing.send import Postman
from server.mailing.settings import MailSettings, Secret

KIM, LOU, TILL = "kim@example.org", "lou@example.org", "till@example.com"
QUICK = Deadlines(answer_s=0.5, whole_s=2.0)


class MailShop(Shop):
    """Head office with tills, a mail server, and a postman who is stepped by hand."""

    def __init__(self, database, server):
        super().__init__(database, StillClock())
        self.server = server
        self.postman = self.new_postman()
        with database.write() as connection:
            settings = store_settings(connection, "0001")
            put_store(
                connection,
                replace(
                    settings,
                    address=("1 Example Street", "12345 Sampletown"),
                    tax_number="00/000/00000",
                    receipt_footer=("Thank you.",),
                    design=ReceiptDesign(mail=True),
                ),
            )

    def settings(self):
        return MailSettings(
            host="127.0.0.1", port=self.server.port, security="none", sender=TILL, password=Secret("sample-secret")
        )

    def new_postman(self, *, settings="usual"):
        given = self.settings() if settings == "usual" else settings
        return Postman(self.database, self.clock, given, deadlines=QUICK)

    def sell(self, till="t1", **sale):
        """Sell something; return the sale's receipt and its event."""
        body = self.till(till).sale(**sale)
        return body.receipt, self.till(till).send(body)[3]

    def wish(self, receipt, event, address=KIM, till="t1", language=""):
        body = ReceiptMailWanted(receipt=receipt, sale_event=event, address=address, cashier="7", language=language)
        return self.till(till).send(body)

    def step(self, minutes=0):
        """Let time pass, then let the postman do what is due."""
        self.clock.now += minutes * 60_000
        return self.postman.step()

    def mails(self):
        """Return (address, state, reason, tries, doubts) of every mail, the oldest first."""
        return self.rows("SELECT address, state, reason, tries, doubts FROM mail ORDER BY id")

    def states(self):
        return [row[1] for row in self.mails()]

    def matters(self):
        return self.rows("SELECT detail FROM worklist WHERE kind = 'mail not sent' AND done_ms IS NULL ORDER BY id")


def mail_shop(database):
    """Return a shop and its mail server; the caller turns that off."""
    server = MailServer()
    return MailShop(database, server), server
