//! The HTML page of a run, in a real browser.

use crate::browser::Browser;
use crate::support::Place;

/// A host whose second subtest fails with a text that wants to be markup and script.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
case $1 in
list) printf '%s\n' "$hello" '{"subtest":{"name":"my/good"}}' '{"subtest":{"name":"my/bad"}}' '{"listed":{"subtests":2}}';;
run) read -r request; echo "$hello"
    verdict='"verdict":"GOOD","reason":""'
    case $2 in my/bad)
        echo '{"log":{"level":"info","text":"only the log has PAYLOAD"}}'
        verdict='"verdict":"FAIL","reason":"PAYLOAD","evidence":{"seen":"PAYLOAD","difference":"+PAYLOAD"}';;
    esac
    echo "{\"ended\":{$verdict,\"seconds\":0.25}}";;
esac"##;

/// As JSON in a shell script: markup, a control character that ends what terminals do, and a very long word.
const PAYLOAD: &str = concat!(
    r#"</pre></script></style><script>document.title="taken"</script><img src=x onerror=document.title="taken">"#,
    r"\u001b[2J\u0000\u202e",
    "long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long"
);

/// A place with a page of a run, its address, and a browser, if there is one.
fn page() -> Option<(Place, String, Browser)> {
    let place = Place::new();
    let browser = Browser::start(&place)?;
    place.script("plug/host.sh", &HOST.replace("PAYLOAD", &PAYLOAD.replace('"', r#"\""#)));
    place.run(&["run", "--plugin", "plug/host.sh", "--args=my/good,my/bad", "--report", "html=page.html"]).expect(1);
    let address = format!("file://{}", place.path("page.html").display());
    Some((place, address, browser))
}

const SHOWN: &str = "Array.from(document.querySelectorAll('ol.tree > li:not([hidden])'), (item) => item.id).join()";

#[test]
fn a_page_shows_its_run_and_nothing_that_strangers_say_becomes_part_of_it() {
    let Some((_place, address, mut browser)) = page() else { return };
    browser.show(&address);
    assert!(browser.eval("document.title").as_str().unwrap().starts_with("FAIL: "), "a stranger took the title");
    let count = |browser: &mut Browser, what: &str| {
        browser.eval(&format!("document.querySelectorAll('{what}').length")).as_u64().unwrap()
    };
    assert_eq!(count(&mut browser, "script"), 1);
    assert_eq!(count(&mut browser, "img"), 0);
    assert_eq!(count(&mut browser, "ol.tree > li"), 2);
    let text = browser.eval("document.body.innerText");
    assert!(text.as_str().unwrap().contains(r#"onerror=document.title="taken">\u{1b}[2J\u{0}\u{202e}long"#), "{text}");
    browser.expect_no_complaint(&address);
}

#[test]
fn steps_are_filtered_searched_ordered_and_opened() {
    let Some((_place, address, mut browser)) = page() else { return };
    browser.show(&format!("{address}?search=my%20BAD"));
    assert_eq!(
        (browser.eval(SHOWN), browser.eval("document.getElementById('count').textContent")),
        ("step-1".into(), "1 of 2 steps shown".into())
    );
    browser.show(&address);
    assert_eq!(browser.eval(SHOWN), "step-0,step-1");
    browser.eval("document.getElementById('search').focus()");
    browser.type_text("only LOG");
    assert_eq!(browser.eval(SHOWN), "", "heads do not have it");
    browser.eval("document.getElementById('in-logs').click()");
    assert_eq!(browser.eval(SHOWN), "step-1");
    browser.eval("document.querySelector('[type=reset]').click()");
    assert_eq!(browser.eval(SHOWN), "step-0,step-1");
    browser.eval("document.querySelector('[name=verdict][value=FAIL]').click()");
    assert_eq!(browser.eval(SHOWN), "step-0");
    browser.eval("document.querySelector('.links a').click()");
    assert_eq!(browser.eval(SHOWN), "step-0,step-1", "what a link leads to is shown");
    browser.eval("(document.getElementById('order').value = 'worst', document.getElementById('filter').dispatchEvent(new Event('input')))");
    assert_eq!(browser.eval("document.querySelector('ol.tree > li').id"), "step-1");
    browser.eval("document.getElementById('fold').click()");
    assert_eq!(browser.eval("document.querySelectorAll('ol.tree > li > details[open]').length"), 0);
    browser.eval("document.getElementById('unfold').click()");
    assert!(browser.eval("document.querySelectorAll('ol.tree > li > details[open]').length").as_u64() > Some(0));
    browser.expect_no_complaint(&address);
}

#[test]
fn a_page_fits_a_telephone_and_the_dark_and_is_read_without_script_and_by_keyboard() {
    let Some((_place, address, mut browser)) = page() else { return };
    let ground = "getComputedStyle(document.body).backgroundColor";
    for (width, theme, colour) in [(360, "light", "rgb(255, 255, 255)"), (360, "dark", "rgb(13, 17, 23)")] {
        browser.look(width, theme);
        browser.show(&address);
        assert_eq!(browser.eval(ground), colour, "{theme}");
        browser.eval("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
        browser.expect_no_horizontal_scroll();
    }
    browser.press("Tab", 9);
    assert_eq!(browser.eval("document.activeElement.getAttribute('href')"), "#steps", "one can skip to the steps");
    let tree = browser.call("Accessibility.getFullAXTree", &serde_json::json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let has = |role: &str| nodes.iter().any(|node| node["role"]["value"] == role);
    for role in ["banner", "main", "navigation", "search", "contentinfo", "heading", "searchbox"] {
        assert!(has(role), "no {role}");
    }
    for node in nodes.iter().filter(|node| node["ignored"] != true) {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        if ["searchbox", "checkbox", "combobox", "button", "link", "MenuListPopup"].contains(&role) {
            let is_named = node["name"]["value"].as_str().is_some_and(|name| !name.is_empty());
            assert!(is_named || role == "MenuListPopup", "a {role} has no name: {node}");
        }
    }
    browser.expect_no_complaint(&address);

    browser.call("Emulation.setScriptExecutionDisabled", &serde_json::json!({"value": true}));
    browser.show(&address);
    let shown = browser.call("DOM.getDocument", &serde_json::json!({}));
    let root = &shown["root"]["nodeId"];
    let query = |browser: &mut Browser, selector: &str| {
        let found = browser.call("DOM.querySelectorAll", &serde_json::json!({"nodeId": root, "selector": selector}));
        found["nodeIds"].as_array().unwrap().len()
    };
    assert_eq!(query(&mut browser, "form[hidden]"), 1, "what needs a script is not shown without one");
    assert_eq!(query(&mut browser, "ol.tree > li:not([hidden])"), 2);
    assert_eq!(query(&mut browser, "ol.tree > li#step-1 > details[open] pre.log"), 1, "a failure is open");
}
