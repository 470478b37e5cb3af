//! Nothing that comes from outside becomes markup, and the page has what a person looks for.

use proptest::prelude::*;

use super::*;
use crate::journal::sample::{
    BEGIN_US, ended, ending, logged, phase, planned, records, run_ended, run_started, session, started, step,
};
use crate::journal::{
    EngineFacts, Event, InstanceDisposed, InstanceProvisioned, RunInterrupted, StepStarted, SubsubtestEnded,
};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Evidence, Level, Phase};
use crate::report::text::first_line;
use crate::verdict::Verdict;

fn render(records: &[Record]) -> String {
    let (mut page, mut out) = (Page::default(), Vec::new());
    records.iter().try_for_each(|record| page.record(record, &mut out)).unwrap();
    assert!(out.is_empty());
    page.finish(RunnerIs::Gone, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A run in which strangers say the same text wherever they can.
fn hostile(text: &str) -> Vec<Record> {
    let said = || Some(text.to_owned());
    let evidence = Evidence {
        command: said(),
        expected: said(),
        seen: said(),
        difference: Some(format!("+{text}\n-{text}")),
        help: said(),
    };
    let bad =
        || Ending { evidence: Some(Box::new(evidence.clone())), known_failure: said(), ..ending(Verdict::Fail, text) };
    let facts = EngineFacts {
        address: text.to_owned(),
        flavor: text.to_owned(),
        version: text.to_owned(),
        facts: [(text.to_owned(), text.to_owned())].into(),
        ..EngineFacts::default()
    };
    let mut begin = run_started();
    if let Event::RunStarted(run) = &mut begin {
        run.run = text.to_owned();
        run.session.hostname = text.to_owned();
        run.invocation.args = vec![text.to_owned()];
        run.invocation.set = vec![text.to_owned()];
    }
    let mut start = started(0, 1);
    if let Event::StepStarted(started) = &mut start {
        started.instance = said();
    }
    let child = SubsubtestEnded { step: StepId(0), subsubtest: text.to_owned(), ending: bad() };
    let gone = InstanceDisposed { instance: text.to_owned(), problem: said() };
    records([
        begin,
        planned(vec![step("a", "test_1-of-1")]),
        Event::Engine(facts),
        Event::InstanceProvisioned(InstanceProvisioned { provider: text.to_owned(), instance: text.to_owned() }),
        start,
        logged(0, Level::Info, text),
        Event::SubsubtestEnded(child),
        ended(0, bad()),
        Event::InstanceDisposed(gone),
        run_ended(Verdict::Fail),
    ])
}

/// The tags of a page, each with its attributes, without the contents of its style and script.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').expect("a tag has an end") + at;
        let tag = &rest[at..=end];
        tags.push(tag.to_owned());
        rest = &rest[end + 1..];
        for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
            if tag == open {
                rest = &rest[rest.find(close).expect("it is closed")..];
            }
        }
    }
    tags
}

/// Texts with all that could leave its place.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[<>&\"'/=;`!-]{1,6}",
        "\\PC{0,8}",
        any::<char>().prop_map(String::from),
        Just("</script><script>alert(1)</script>".to_owned()),
        Just("</pre></style><img src=x onerror=alert(1)>".to_owned()),
        Just("\" onmouseover=\"alert(1)".to_owned()),
        Just("<!--".to_owned()),
        Just("]]>".to_owned()),
        Just("&lt;script&gt;&#x3c;".to_owned()),
        Just("javascript:alert(1)".to_owned()),
        Just("\u{0}\u{1b}[31m\u{202e}\r\n".to_owned()),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_becomes_markup(text in nasty()) {
        // Some lines look like a difference and get a colour, so the tame text has the same ones.
        let is_kept = |c: char| c.is_whitespace() || matches!(c, '+' | '-');
        let tame: String = text.chars().map(|c| if is_kept(c) { c } else { 'x' }).collect();
        prop_assume!(first_line(&text).is_empty() == first_line(&tame).is_empty() && !text.is_empty());
        let pages = [&text, &tame].map(|text| render(&hostile(text)));
        prop_assert_eq!(tags(&pages[0]), tags(&pages[1]));
        let harmful = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(&c);
        prop_assert!(!pages[0].contains(harmful));
    }
}

#[test]
fn text_comes_back_as_it_was() {
    let text = "a <b>&amp; \"c\" 'd'</b>";
    let page = render(&hostile(text));
    let plain = page.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    assert!(plain.matches(text).count() >= 15, "{}", plain.matches(text).count());
    assert!(!page.contains("<b>"));
}

#[test]
fn what_cannot_be_seen_is_made_visible() {
    let page = render(&hostile("a\u{0}\u{1b}[2J\u{202e}\u{200b}b\r\nc"));
    assert!(page.contains("a\\u{0}\\u{1b}[2J\\u{202e}\\u{200b}b\nc"));
}

#[test]
fn the_page_needs_nothing_from_outside_and_allows_nothing() {
    let page = render(&hostile("x"));
    for tag in tags(&page) {
        assert!(!tag.contains("src=") && !tag.contains(" on") && !tag.contains("style="), "{tag}");
        let is_link = tag.contains("href=");
        assert!(!is_link || tag.contains("href=\"#"), "{tag}");
    }
    assert!(page.contains("default-src 'none'") || page.contains("default-src &#39;none&#39;"), "no policy");
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    let page = render(&hostile("x"));
    let values = |name: &str| -> Vec<String> {
        let before = format!(" {name}=\"");
        let parts = page.split(&before).skip(1);
        parts.map(|part| part.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let ids = values("id");
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    for name in ["href", "aria-labelledby"] {
        for link in values(name) {
            assert!(ids.contains(&link.trim_start_matches('#').to_owned()), "{name}={link}");
        }
    }
}

#[test]
fn a_run_that_is_not_complete_has_a_page() {
    let all = hostile("x");
    for length in 0..all.len() {
        let page = render(&all[..length]);
        assert!(page.ends_with("</html>"), "{length}");
    }
    let page = render(&all[..6]);
    assert!(page.contains("Not complete</strong>: interrupted: cut off") && page.contains("data-verdict=\"OPEN\""));
    assert!(page.contains("Of 1 steps 1 have not ended"));
    assert!(page.contains("2027-01-15 00:00:00"), "{BEGIN_US} an hour ahead of UTC");
}

fn made(instance: &str) -> Event {
    Event::InstanceProvisioned(InstanceProvisioned { provider: "capsule".to_owned(), instance: instance.to_owned() })
}

fn begun(step: u32, attempt: u32, worker: u32, instance: &str) -> Event {
    let (worker, instance) = (Some(worker), Some(instance.to_owned()));
    Event::StepStarted(StepStarted { worker, instance, ..StepStarted::new(StepId(step), attempt) })
}

/// A small run with one of everything, which was interrupted, resumed, and interrupted again.
fn one_of_everything() -> Vec<Record> {
    let text = |text: &str| Some(text.to_owned());
    let evidence = Evidence {
        command: text("docker kill --signal=SIGSTOP x"),
        expected: text("paused"),
        seen: text("running"),
        difference: text("-paused\n+running\n same"),
        help: text("look at the daemon's log"),
    };
    let failed = Ending {
        phase: Some(Phase::RunOnce),
        evidence: Some(Box::new(evidence)),
        ..ending(Verdict::Fail, "the container still runs\nafter 5 s")
    };
    let known = Ending { known_failure: text("older clients do so"), ..ending(Verdict::Warn, "another version") };
    let child = |name: &str, ending| {
        Event::SubsubtestEnded(SubsubtestEnded { step: StepId(0), subsubtest: name.to_owned(), ending })
    };
    let mut plan: Vec<_> =
        ["docker_cli/kill", "docker_cli/tag", "docker_cli/version", "garbage_check", "example", "late"]
            .into_iter()
            .map(|name| step(name, "test_1-of-1"))
            .collect();
    plan[3].kind = Kind::Intratest;
    let facts = EngineFacts {
        address: "unix:///run/docker.sock".to_owned(),
        flavor: "docker".to_owned(),
        version: "20.10.24".to_owned(),
        api_version: "1.41".to_owned(),
        facts: [("storage-driver", "overlay2"), ("engine-settings", "dockerd --iptables=false")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        problem: None,
    };
    let interrupted = |reason: &str| Event::RunInterrupted(RunInterrupted { reason: reason.to_owned() });
    let broken = InstanceDisposed { instance: "c2".to_owned(), problem: text("its folder cannot be removed") };
    let mut events = vec![run_started(), planned(plan), Event::Engine(facts), made("c1"), made("c2")];
    events.extend([begun(0, 1, 0, "c1"), begun(1, 1, 1, "c2"), phase(0, Phase::RunOnce)]);
    events.extend([logged(0, Level::Info, "two\nlines"), logged(0, Level::Error, "no such signal")]);
    events.extend([child("stop", ending(Verdict::Good, "")), child("bad", failed.clone()), ended(0, failed)]);
    events.extend([logged(1, Level::Warning, "attempt 1 ended FAIL: it is run again"), begun(1, 2, 1, "c2")]);
    events.push(ended(1, ending(Verdict::Good, "flaky: attempt 2 passed after FAIL (why)")));
    events.extend([Event::InstanceDisposed(broken), interrupted("SIGINT"), Event::RunResumed(session())]);
    events.extend([begun(2, 1, 0, "c1"), ended(2, known), begun(3, 1, 0, "c1"), ended(3, ending(Verdict::Good, ""))]);
    events.extend([begun(4, 1, 0, "c1"), interrupted("SIGTERM")]);
    records(events)
}

#[test]
fn a_small_run() {
    let page = render(&one_of_everything());
    let (begin, end) = (page.find("<body>").unwrap(), page.find("<script>").unwrap());
    insta::assert_snapshot!("small_run", page[begin..end].replace("><", ">\n<"));
}

#[test]
fn every_control_has_a_name_and_every_part_is_a_landmark() {
    let page = render(&one_of_everything());
    for landmark in ["<header>", "<nav aria-label=", "<main>", "role=\"search\" aria-label=", "<footer>", "<html lang="]
    {
        assert_eq!(page.matches(landmark).count(), 1, "{landmark}");
    }
    for control in ["<input", "<select"] {
        for (at, _) in page.match_indices(control) {
            let before = &page[..at];
            assert!(before.rfind("<label>") > before.rfind("</label>"), "{}", &page[at..at + 60]);
        }
    }
}

#[test]
fn a_large_run_stays_small() {
    let (count, mut events) = (5000, vec![run_started()]);
    events.push(planned((0..count).map(|number| step(&format!("part/c{number}"), "test_1-of-1")).collect()));
    for number in 0..count {
        events.extend([started(number, 1), ended(number, ending(Verdict::Good, ""))]);
    }
    events.push(run_ended(Verdict::Good));
    let page = render(&records(events));
    assert!(page.matches("<rect").count() < 2500, "short bars are drawn together");
    assert!(page.len() < 3_000_000, "{}", page.len());
}

#[test]
fn a_log_without_end_is_cut_and_says_so() {
    let line = "x".repeat(999);
    let mut events = vec![run_started(), planned(vec![step("a", "test_1-of-1")]), started(0, 1)];
    events.extend((0..500).map(|_| logged(0, Level::Info, &line)));
    let page = render(&records(events));
    assert_eq!(page.matches(&line).count(), 200);
    assert!(page.contains("299700 more bytes are in the step's folder"), "it does not say so");
}
