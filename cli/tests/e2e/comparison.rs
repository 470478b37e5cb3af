//! The page of a matrix, in a real browser.

use crate::browser::Browser;
use crate::support::Place;

/// A host with a subtest that fails where the folder of results is that of the second engine, one that never can, and one
/// whose sub-subtests are not the same everywhere. What it says wants to be markup and script.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
case $1 in
list) printf '%s\n' "$hello" '{"subtest":{"name":"my/good"}}' '{"subtest":{"name":"my/bad","subsubtests":["child"]}}' \
        '{"subtest":{"name":"my/never"}}' '{"listed":{"subtests":3}}';;
run) read -r request; echo "$hello"
    evidence='"evidence":{"command":"docker kill PAYLOAD","expected":"one","seen":"two PAYLOAD"}'
    end='"verdict":"GOOD","reason":"","seconds":0.25'
    child=$end
    case "$2 $request" in
    my/bad*docker-two*) end='"verdict":"FAIL","reason":"see child","seconds":0.25'
        child='"verdict":"FAIL","reason":"PAYLOAD","seconds":0.1,'$evidence;;
    my/never*) end='"verdict":"TEST_NA","reason":"there is no such hook","seconds":0';;
    esac
    case $2 in my/bad)
        echo '{"subsubtest-started":{"subsubtest":"child"}}'
        echo "{\"subsubtest-ended\":{\"subsubtest\":\"child\",\"ending\":{$child}}}";;
    esac
    echo "{\"ended\":{$end}}";;
esac"##;

/// As JSON in a shell script: markup, and a very long word.
const PAYLOAD: &str = concat!(
    r"</pre></script></style><script>document.title=1</script><img src=x onerror=document.title=1>",
    "long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long_long"
);

/// A place with a comparison of three engines, its address, and a browser, if there is one.
fn page() -> Option<(Place, String, Browser)> {
    let place = Place::new();
    let browser = Browser::start(&place)?;
    place.script("plug/host.sh", &HOST.replace("PAYLOAD", PAYLOAD));
    // Nothing asks these; what has been run is compared.
    place.script("bin/dockerd", "echo 'Docker version 29.0.1, build 123'");
    let bin = place.path("bin").display().to_string();
    for (engine, status) in [("docker-one", 0), ("docker-two", 1), ("docker-three", 0)] {
        place.run(&["engines", "add", engine, "--path", &bin]).expect(0);
        let results = format!("results/matrix/{engine}");
        place
            .run(&["run", "--plugin", "plug/host.sh", "--args=my/good,my/bad,my/never", "--results", &results])
            .expect(status);
    }
    let engines = "--engines=docker-one,docker-two,docker-three";
    place.run(&["matrix", "--again", engines]).expect(1);
    let address = format!("file://{}", place.path("results/matrix/comparison.html").display());
    Some((place, address, browser))
}

const ROWS: &str = "Array.from(document.querySelectorAll('tbody tr:not([hidden]) th'), (head) => head.textContent.replace(' differs', '')).join()";

#[test]
fn the_differences_of_engines_are_found_filtered_and_explained() {
    let Some((_place, address, mut browser)) = page() else { return };
    browser.show(&address);
    browser.expect_nothing_of_strangers();
    let head = browser.eval("document.querySelector('header').innerText");
    for engine in ["docker-one", "docker-two", "docker-three"] {
        assert!(head.as_str().unwrap().contains(engine), "the head says which engines they are: {head}");
    }
    assert_eq!(browser.eval(ROWS), "my/good,my/bad,my/bad/child,my/never");
    assert_eq!(browser.eval("document.getElementById('count').textContent"), "4 of 4 rows shown");
    browser.eval("document.getElementById('differing').click()");
    assert_eq!(browser.eval(ROWS), "my/bad,my/bad/child");
    browser.eval("document.getElementById('differing').click()");
    browser.eval("document.getElementById('search').focus()");
    browser.type_text("test_na NEVER");
    assert_eq!(browser.eval(ROWS), "my/never");
    assert_eq!(browser.eval("document.getElementById('count').textContent"), "1 of 4 rows shown");
    // Of each verdict that is not GOOD a link leads to what explains it; engines that did the same have one together.
    let targets =
        "Array.from(document.querySelectorAll('td a'), (link) => document.querySelector(link.hash).tagName).join()";
    assert_eq!(browser.eval(targets), ["ARTICLE"; 5].join(","));
    assert_eq!(browser.count("article"), 2);
    let all = browser.eval("document.querySelector('main').innerText");
    assert!(all.as_str().unwrap().contains("docker-one, docker-two, docker-three"), "{all}");
    browser.eval("document.querySelector('a[href^=\"#r2-\"]').click()");
    let target = browser.eval("document.querySelector(':target').innerText");
    for part in ["my/bad/child", "docker-two", "expected", "one", "seen", "two </pre></script>"] {
        assert!(target.as_str().unwrap().contains(part), "{part}: {target}");
    }
    browser.expect_no_complaint(&address);
}

#[test]
fn a_comparison_fits_a_telephone_and_the_dark_and_is_read_without_script_and_by_keyboard() {
    let Some((_place, address, mut browser)) = page() else { return };
    let ground = "getComputedStyle(document.body).backgroundColor";
    for (width, theme, colour) in [(1200, "light", "rgb(255, 255, 255)"), (360, "dark", "rgb(13, 17, 23)")] {
        browser.look(width, theme);
        browser.show(&address);
        assert_eq!(browser.eval(ground), colour, "{theme}");
        browser.expect_no_horizontal_scroll();
    }
    // The table is wider; it has a scroll bar of its own, within reach of the keyboard, and the names stay in view.
    assert_eq!(browser.eval("document.querySelector('.wide').tabIndex"), 0);
    browser.eval("document.querySelector('.wide').scrollLeft = 200");
    assert_eq!(browser.eval("document.querySelector('tbody th').getBoundingClientRect().left >= 0"), true);
    browser.press("Tab", 9);
    assert_eq!(browser.eval("document.activeElement.getAttribute('href')"), "#table", "one can skip to the table");
    browser.expect_landmarks_and_names(&["heading", "searchbox", "table", "columnheader", "rowheader", "region"]);
    browser.expect_no_complaint(&address);

    browser.show_without_script(&address);
    assert_eq!(browser.count_without_script("form[hidden]"), 1, "what needs a script is not shown without one");
    assert_eq!(browser.count_without_script("tbody tr:not([hidden])"), 4);
    assert_eq!(browser.count_without_script("article"), 2);
}
