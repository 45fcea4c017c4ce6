"""Pages of quick keys: edited key by key, stored as a whole."""

from office_forms import form_of, keys, send

from schema.catalogue import QuickKey, QuickKeyPage


def press(office, do, **fields):
    """Send the form of a page of quick keys by one of its buttons."""
    form_key = office.key(office.get("/settings"))
    data = {"form_key": form_key, "do": do, **fields}
    return office.client.post("/stores/0001/keys/edit", data=data, follow_redirects=False)


def test_a_page_of_quick_keys_is_edited_button_by_button(filled):
    path = "/stores/0001/keys/edit?page=Bar"
    added = send(filled, path, {"add": "bottle that is none"}, do="add")
    assert "no such article" in added.text
    added = send(filled, path, {"add": "A2"}, do="add")
    assert added.status_code == 200
    assert "Bottle" in added.text
    rows = {"key-0-article": "A1", "key-0-label": "", "key-1-article": "A2", "key-1-label": "Empty"}
    head = {"page": "Bar", "name": "The bar", "position": "1"}
    moved = press(filled, "up-1", **head, **rows)
    assert moved.text.index('value="A2"') < moved.text.index('value="A1"')
    gone = press(filled, "remove-0", **head, **rows)
    assert 'value="A1"' not in gone.text
    assert keys(filled)[0].name == "Bar"
    opened = form_of(filled, path)["opened"][0]
    assert press(filled, "save", opened=opened, **head, **rows).status_code == 303
    wanted = QuickKeyPage(
        name="The bar", position=1, keys=(QuickKey(article="A1"), QuickKey(article="A2", label="Empty"))
    )
    assert keys(filled) == [wanted]


def test_pages_keep_their_order_and_their_names_apart(filled):
    press(filled, "save", page="", name="Front", position="1", add="A1")
    assert [(page.name, page.position) for page in keys(filled)] == [("Front", 1), ("Bar", 2)]
    assert "with this name already" in press(filled, "save", page="", name="Bar").text
    assert press(filled, "save", page="", name="").status_code == 422
    assert "The articles stay." in filled.get("/stores/0001/keys/drop?page=Front")
    filled.post("/stores/0001/keys/drop?page=Front")
    assert [(page.name, page.position) for page in keys(filled)] == [("Bar", 1)]
