"""The buyer's age: asked for articles that want one, always or once a sale, written down, and no sale without it."""

from datetime import date

from msgspec.structs import replace

from schema.basket import Line, remove_line
from schema.catalogue import Article
from schema.errors import Refused
from schema.events import AgeChecked
from till.presenters.sale_hand import SaleInHand
from till.presenters.sale_state import Ask, Notice


class Ages(SaleInHand):
    """An age is asked for after its article is on the receipt, so that scanning goes on."""

    def _ages_of(self, article: Article, line: Line) -> tuple[str, ...]:
        """Return the article where its buyer's age is to be asked."""
        policy, sale = self.desk.settings().age_check, self.desk.sale
        if not article.age_min or policy == "never" or line.quantity < 0:
            return ()
        return () if policy == "once" and article.age_min <= sale.age_passed else (article.number,)

    def _age_ask(self) -> Ask | None:
        """Return the question for the article that wants the highest age: its answer settles the others."""
        asked = [found for number in self.desk.sale.ages_open if (found := self._article(number))]
        if not asked:
            return None
        article = max(asked, key=lambda each: each.age_min)
        today = self.desk.today()
        born = born_by(today, article.age_min)
        words = self.desk.words
        text = words(
            "“{name}” is for {age} and over. Is the customer old enough?", name=article.name, age=article.age_min
        )
        return Ask(kind="age", article=article.number, text=text, detail=words("Born on {day} or before", day=born))

    def _article(self, number: str) -> Article | None:
        try:
            return self.desk.parts.mirror.article(number)
        except Refused:
            return None  # taken out of the range meanwhile: there is nothing left to ask

    def _answer_age(self, ask: Ask, yes: bool) -> None:
        cashier, sale, journal = self.desk.ready_to_sell(), self.desk.sale, self.desk.parts.journal
        article = self._article(ask.article)
        age_min = article.age_min if article else 0
        body = AgeChecked(
            sale_id=sale.sale_id, cashier=cashier.number, article=ask.article, age_min=age_min, passed=yes
        )

        def settle(_: object) -> None:
            if yes:
                self._old_enough(ask.article, age_min)
            else:
                self._too_young(ask.article)

        self.desk.runner.run(lambda: journal.append(body), settle, self.fail)

    def _old_enough(self, article: str, age_min: int) -> None:
        sale = self.desk.sale
        # Asked for the highest age first, so one answer is the answer for all; "always" asks for each.
        each_asked = self.desk.settings().age_check == "always"
        left = tuple(number for number in sale.ages_open if number != article) if each_asked else ()
        self.desk.take_sale(replace(sale, ages_open=left, age_passed=max(sale.age_passed, age_min)))
        self.desk.save_draft(self.fail)
        self._show()

    def _too_young(self, article: str) -> None:
        basket = self.desk.sale.basket
        for index in reversed(range(len(basket.lines))):
            if basket.lines[index].article == article and basket.lines[index].kind == "goods":
                basket = remove_line(basket, index)
        text = self.desk.words("Taken off: the customer is too young for it.")
        self._change(basket, selected=-1, changed=-1, notice=Notice(kind="added", text=text))


def born_by(today: date, age: int) -> date:
    """Return the last day of birth at which someone is that old today. Born on 29 February, one waits for March."""
    try:
        return today.replace(year=today.year - age)
    except ValueError:
        return date(today.year - age, 2, 28)
