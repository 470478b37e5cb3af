//! The HTML page of a run, in a real browser.

use std::time::{Duration, Instant};

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
    browser.expect_nothing_of_strangers();
    assert_eq!(browser.count("ol.tree > li"), 2);
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
    assert_eq!(browser.count("ol.tree > li > details[open]"), 0);
    browser.eval("document.getElementById('unfold').click()");
    assert!(browser.count("ol.tree > li > details[open]") > 0);
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
    browser.expect_landmarks_and_names(&["heading", "searchbox"]);
    browser.expect_no_complaint(&address);

    browser.show_without_script(&address);
    assert_eq!(browser.count_without_script("form[hidden]"), 1, "what needs a script is not shown without one");
    assert_eq!(browser.count_without_script("ol.tree > li:not([hidden])"), 2);
    assert_eq!(browser.count_without_script("ol.tree > li#step-1 > details[open] pre.log"), 1, "a failure is open");
}

/// A journal of so many steps, each with a sub-subtest and a message; one in ten has failed.
fn journal(steps: u32) -> String {
    let session = r#"{"pid":1,"boot-id":"5e3a","hostname":"bench","utc-offset-seconds":0}"#;
    let invocation = r#"{"args":[],"set":[],"config-defaults":null,"config-custom":null}"#;
    let begun = format!(
        r#"{{"run-started":{{"format":1,"run":"large","api-version":"{}","invocation":{invocation},"session":{session}}}}}"#,
        dockertest::version::API_VERSION
    );
    let planned =
        |step: u32| format!(r#"{{"kind":"subtest","name":"part_{}/step_{step}","tag":"test_1-of-1"}}"#, step % 50);
    let plan = (0..steps).map(planned).collect::<Vec<_>>().join(",");
    let of_step = |step: u32| {
        let verdict = if step % 10 == 7 { "FAIL" } else { "GOOD" };
        let ending = format!(r#"{{"verdict":"{verdict}","reason":"reason {step}","seconds":0.5}}"#);
        [
            format!(r#"{{"step-started":{{"step":{step},"attempt":1,"worker":{}}}}}"#, step % 4),
            format!(
                r#"{{"logged":{{"step":{step},"level":"info","text":"a line that says something about {step}"}}}}"#
            ),
            format!(r#"{{"subsubtest-started":{{"step":{step},"subsubtest":"only"}}}}"#),
            format!(r#"{{"subsubtest-ended":{{"step":{step},"subsubtest":"only","ending":{ending}}}}}"#),
            format!(r#"{{"step-ended":{{"step":{step},"ending":{ending}}}}}"#),
        ]
    };
    let head = [begun, format!(r#"{{"planned":{{"steps":[{plan}]}}}}"#)];
    let tail = [r#"{"run-ended":{"verdict":"FAIL","seconds":99.5}}"#.to_owned()];
    let events = head.into_iter().chain((0..steps).flat_map(of_step)).chain(tail);
    let record = |(seq, event): (u64, String)| {
        format!("{{\"seq\":{seq},\"time_us\":{},\"event\":{event}}}\n", 1_799_967_600_000_000 + seq * 1000)
    };
    (0..).zip(events).map(record).collect()
}

/// Much longer than on any machine that is not busy with all sorts of things: from the address to all steps in two seconds,
/// from a filter to its steps in a fifth of one. A browser gives up on a page after about as long.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_page_of_5000_steps_opens_and_is_filtered_before_anybody_gives_up() {
    let place = Place::new();
    let Some(mut browser) = Browser::start(&place) else { return };
    place.write("large/journal.jsonl", journal(5000));
    let page = place.run(&["report", "large", "--format", "html"]).expect(0).stdout;
    let address = format!("file://{}", place.write("large.html", page).display());
    let begin = Instant::now();
    browser.show(&address);
    assert_eq!(browser.eval("document.getElementById('count').textContent"), "5000 of 5000 steps shown");
    let opened = begin.elapsed();
    browser.eval("document.getElementById('search').focus()");
    let begin = Instant::now();
    browser.type_text("part_7/");
    assert_eq!(browser.eval("document.getElementById('count').textContent"), "100 of 5000 steps shown");
    browser.eval("document.querySelector('[name=verdict][value=GOOD]').click()");
    assert_eq!(browser.eval("document.getElementById('count').textContent"), "100 of 5000 steps shown");
    browser.eval("document.querySelector('[type=reset]').click()");
    assert_eq!(browser.eval("document.getElementById('count').textContent"), "5000 of 5000 steps shown");
    let filtered = begin.elapsed() / 3;
    eprintln!("5000 steps: opened after {opened:.1?}, filtered in {filtered:.1?}");
    assert!(opened < PATIENCE && filtered < PATIENCE, "opened after {opened:.1?}, filtered in {filtered:.1?}");
}
