"""Commands for the basket: scan, search, add, change, discounts, questions about articles, quick keys."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import LINE_LENGTH_MAX, Answer, Fields


class Selling(Commands):
    def do_scan(self, fields: Fields) -> Answer:
        self._screens.sale.scan(read.text(fields, "code", length_max=LINE_LENGTH_MAX))
        return self._asked()

    def do_search(self, fields: Fields) -> Answer:
        self._screens.sale.search(read.text(fields, "text"))
        hits = self._screens.sale.state.hits
        return {"articles": [{"article": hit.article, "name": hit.name, "price": hit.price_minor} for hit in hits]}

    def do_add(self, fields: Fields) -> Answer:
        quantity = read.quantity(fields, "quantity") if "quantity" in fields else ""
        if "text" in fields and "article" not in fields:
            price, tax_code = read.amount(fields, "price"), read.text(fields, "tax_code", default="standard")
            self._screens.sale.add_text(read.text(fields, "text"), price, tax_code, quantity or "1")
            return self._asked()
        if "options" in fields:
            note = read.text(fields, "note", default="")
            options = read.texts(fields, "options")
            self._screens.sale.add_with(read.text(fields, "article"), options, quantity, note)
            return self._asked()
        self._add_article(fields, quantity)
        return self._asked()

    def _add_article(self, fields: Fields, quantity: str) -> None:
        sale, lines = self._screens.sale, len(self._desk.sale.basket.lines)
        price = read.amount(fields, "price") if "price" in fields else None
        sale.add(read.text(fields, "article"), quantity)
        if price is not None and sale.state.voucher_ask:
            sale.voucher_amount(price)
        elif price is not None and len(self._desk.sale.basket.lines) > lines:
            sale.change_price(lines, price)

    def do_change(self, fields: Fields) -> None:
        sale, line = self._screens.sale, read.line(fields)
        reason = read.text(fields, "reason", default="")
        if "quantity" in fields:
            sale.change_quantity(line, read.quantity(fields, "quantity"))
        if "price" in fields:
            sale.change_price(line, read.amount(fields, "price"))
        if "discount_percent" in fields:
            sale.discount_percent(line, read.quantity(fields, "discount_percent"), reason)
        if "discount_amount" in fields:
            sale.discount_amount(line, read.amount(fields, "discount_amount"), reason)
        if "note" in fields:
            sale.note(line, read.text(fields, "note"))

    def do_remove(self, fields: Fields) -> None:
        self._screens.sale.remove(read.line(fields))

    def do_bill_discount(self, fields: Fields) -> None:
        reason = read.text(fields, "reason", default="")
        if "percent" in fields:
            self._screens.sale.bill_discount_percent(read.quantity(fields, "percent"), reason)
        else:
            self._screens.sale.bill_discount_amount(read.amount(fields, "amount"), reason)

    def do_separate_lines(self, fields: Fields) -> Answer:
        sale = self._screens.sale
        if sale.state.separate_lines != read.truth(fields, "on"):
            sale.toggle_separate()
        return {"separate_lines": sale.state.separate_lines}

    def do_cancel(self, _: Fields) -> None:
        self._screens.sale.cancel()

    # -- what is asked about an article, and codes that nobody knows

    def do_answer(self, fields: Fields) -> Answer:
        """Answer the question about an article: old enough, sell it though it has expired."""
        self._screens.sale.answer(read.truth(fields, "yes"))
        return self._asked()

    def do_offer(self, fields: Fields) -> Answer:
        """Take up, or leave, what a scanned receipt, order or voucher leads to."""
        if read.truth(fields, "accept"):
            self._screens.sale.accept_offer()
        else:
            self._screens.sale.decline_offer()
        return {"screen": self._stage.screen}

    def do_choose(self, fields: Fields) -> Answer:
        """Choose the options of the article that was scanned, by name."""
        sale = self._screens.sale
        if sale.state.choosing is None:
            return {}
        article = sale.state.choosing.article
        options, note = read.texts(fields, "options"), read.text(fields, "note", default="")
        sale.leave_options()
        sale.add_with(article, options, note=note)
        return self._asked()

    def do_unknown(self, fields: Fields) -> Answer:
        """Deal with the last unknown code: sell it as a free article, or put it away."""
        sale = self._screens.sale
        if "text" in fields:
            price, tax_code = read.amount(fields, "price"), read.text(fields, "tax_code", default="standard")
            sale.free_unknown(read.text(fields, "text"), price, tax_code)
        else:
            sale.dismiss_unknown()
        return self._asked()

    def do_suggestions(self, _: Fields) -> Answer:
        """What goes well with the goods, as *Pay* offers it once."""
        hits = self._screens.sale.suggestions()
        return {"articles": [{"article": hit.article, "name": hit.name, "price": hit.price_minor} for hit in hits]}

    def _asked(self) -> Answer:
        state = self._screens.sale.state
        answer: Answer = {}
        if state.ask:
            answer["ask"] = {"kind": state.ask.kind, "article": state.ask.article, "text": state.ask.text}
        if state.choosing:
            answer["choose"] = {
                "article": state.choosing.article,
                "options": [
                    {"name": option.name, "choices": [choice.name for choice in option.choices]}
                    for option in state.choosing.options
                ],
            }
        if state.voucher_ask:
            answer["amount_of"] = state.voucher_ask.article
        if state.offer:
            answer["offer"] = {"kind": state.offer.kind, "code": state.offer.code}
        if state.unknown:
            answer["unknown"] = {"code": state.unknown.code, "count": state.unknown_count}
        return answer | ({"matrix": self._screens.matrix.state.article} if self._stage.screen == "matrix" else {})

    # -- colours and sizes

    def do_matrix(self, fields: Fields) -> Answer:
        """Show an article's variants with their stock; with `quantities` take some."""
        matrix = self._screens.matrix
        if "article" in fields:
            matrix.open(read.text(fields, "article"))
        if "quantities" in fields:
            for number in read.mapping(fields, "quantities"):
                matrix.set(number, read.quantity(fields["quantities"], number))
            matrix.take()
        cells = [
            {
                "article": cell.article,
                "colour": row.colour,
                "size": size,
                "stock": cell.here_text,
                "chosen": cell.chosen,
            }
            for row in matrix.state.rows
            for size, cell in zip(matrix.state.sizes, row.cells, strict=True)
            if cell.article
        ]
        return {"variants": cells}

    def do_stock(self, fields: Fields) -> Answer:
        """What is known of an article's stock, per store."""
        levels = self._desk.parts.mirror.stock(read.text(fields, "article"))
        rows = [{"store": each.store, "quantity": f"{each.quantity:f}", "as_of_ms": each.as_of_ms} for each in levels]
        return {"stock": rows}

    # -- quick keys

    def do_quick_keys(self, fields: Fields) -> Answer:
        """Show a page of quick keys; with an `action` edit it first: add, move, remove, rename, new."""
        sale = self._screens.sale
        sale.enter()
        if "page" in fields:
            name = read.text(fields, "page")
            sale.show_page(sale.state.pages.index(name) if name in sale.state.pages else 0)
        self._edit_keys(fields)
        state = sale.state
        keys = [{"article": key.article, "label": key.label} for key in state.keys]
        return {"pages": list(state.pages), "page": state.pages[state.page] if state.pages else "", "keys": keys}

    def _edit_keys(self, fields: Fields) -> None:
        sale = self._screens.sale
        article = read.text(fields, "article", default="")
        match read.text(fields, "action", default=""):
            case "add":
                sale.key_add(article, read.text(fields, "label", default=""))
            case "move":
                sale.key_move(read.whole(fields.get("key"), "key") - 1, read.whole(fields.get("by"), "by"))
            case "remove":
                sale.key_remove(read.whole(fields.get("key"), "key") - 1)
            case "rename":
                sale.page_rename(read.text(fields, "name"))
            case "new":
                sale.page_add(read.text(fields, "name"), article)
