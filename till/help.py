"""What each screen is for, in three sentences: what it does, what it means for the sale, how to go on."""

from till.presenters.screen import ScreenName

HELP: dict[ScreenName, str] = {
    "setup": "The till cannot sell yet, and this screen says why. Nothing that was sold before is lost. "
    "Do what it says, then press Try again.",
    "sign_in": "Here a cashier signs in: choose your name and type your PIN. After five wrong PINs a name is locked "
    "for a while, and a colleague can sign in meanwhile. The keys below change the language or lead to practice, "
    "where nothing counts.",
    "open_shift": "A shift begins with the money that lies in the drawer. Count it and type the sum. "
    "Until then nothing can be sold.",
    "sale": "This is where you sell: scan, press a quick key, or type an article's number and Enter. "
    "Touch a line to change or remove it. Pay leads to the payment, Menu to everything else.",
    "customer": "Find a customer by name, number or card, or add a new one. "
    "The customer's own prices hold from then on. Esc leads back without a customer.",
    "matrix": "This article comes in several colours and sizes. Choose one; the figure says how many are there. "
    "Esc leads back without it.",
    "parked": "Baskets that wait: a customer forgot the purse or fetches something. "
    "Choose one to go on with it. They stay here, also over a power cut, until somebody takes or drops them.",
    "pay": "Here the sale is paid, by one tender or several, one after another. "
    "Type an amount first for a part; without one all that is due is taken. "
    "What was paid already can be taken back from its row.",
    "done": "The sale is finished and saved; the large figure is the change. "
    "The receipt can be printed again, shown as a code or sent by mail. Scan or press Enter for the next customer.",
    "returns": "Goods come back: scan the receipt or type its number, then choose what the customer brings. "
    "It is taken back at the price on the receipt. Money goes back the way it came, or otherwise with a supervisor.",
    "orders": "Customers' orders for this store. Choose one and take it to hand over goods or take money. "
    "Without head office the till says what it may still do.",
    "make_order": "The basket becomes a customer's order instead of a sale. Choose the day and whether it is fetched "
    "or sent. It can be paid now, in part, or when the goods are handed over.",
    "cash": "Money goes into the drawer or out of it without a sale. Choose what it is for and type the sum. "
    "Each move stands in the journal and on the day's report.",
    "close_shift": "The shift ends: count the drawer by coins and notes, or type the sum. "
    "The list says what is still open. Closing writes the Z report, and the next shift begins with what is left.",
    "reports": "The figures of the open shift, and the reports of the shifts before. "
    "Looking changes nothing. They can be printed or saved as a file.",
    "messages": "What waits or needs a person: card payments in doubt, papers that were not printed, "
    "what head office has not got yet. Work from the top. The sale goes on meanwhile.",
    "settings": "The devices of this till, its language, look, sound and on-screen keyboard. Anybody may check the "
    "devices; changing needs the store manager. A change holds at once, without starting again.",
    "lock": "The till is locked and the basket is safe. The cashier goes on by typing the PIN. "
    "A colleague presses Other cashier and signs in.",
}
