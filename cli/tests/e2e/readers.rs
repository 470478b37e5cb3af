//! The programs that others read such reports with read ours: of a run with every verdict, whose texts want to be markup,
//! another test, or the end of everything.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::subunit::{drive, set_up, stestr};
use crate::support::{Done, Place};

/// Seven subtests, one with sub-subtests; what fails does so with PAYLOAD wherever a text can be.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
bad='"verdict":"FAIL","reason":"PAYLOAD","evidence":{"command":"docker kill PAYLOAD","expected":"one","seen":"PAYLOAD"}'
case $1 in
list)
    printf '%s\n' "$hello"
    for name in good bad errors na bytes dies; do printf '%s\n' '{"subtest":{"name":"my/'$name'"}}'; done
    printf '%s\n' '{"subtest":{"name":"my/family","subsubtests":["one","two","three"]}}' '{"listed":{"subtests":7}}';;
run)
    read -r request
    printf '%s\n' "$hello" '{"log":{"level":"warning","text":"it says PAYLOAD"}}'
    printf 'on standard error: \377\376\n' >&2
    end='"verdict":"GOOD","reason":"PAYLOAD"'
    ended() { printf '%s\n' '{"subsubtest-started":{"subsubtest":"'$1'"}}' \
        '{"subsubtest-ended":{"subsubtest":"'$1'","ending":{'"$2"',"seconds":0.1}}}'; }
    case $2 in
    my/bad) end=$bad;;
    my/errors) end='"verdict":"ERROR","reason":"PAYLOAD"';;
    my/na) end='"verdict":"TEST_NA","reason":"there is no PAYLOAD"';;
    my/bytes) printf 'this is no text: \377\376\n'; exec cat > /dev/null;;
    my/dies) kill -KILL $$;;
    my/family)
        ended one '"verdict":"GOOD","reason":""'
        ended two "$bad"
        ended three '"verdict":"TEST_NA","reason":"not here"'
        end='"verdict":"FAIL","reason":"sub-subtests that failed: two"';;
    esac
    printf '%s\n' "{\"ended\":{$end}}";;
esac"##;

/// As JSON: what drives terminals, ends lines, is no XML, and would mean something to one of the readers.
const PAYLOAD: &str = concat!(
    r"\u001b[31m10%\r\u0000\u0085 ]]> <b a=\u0022c\u0022>&amp;</b> # TODO later # SKIP \\",
    r"\n1..99\nnot ok 98 - no test\n  ...\nBail out! no\n\u00b3\u2028\u2029\ufeff\ufffe\u00e9\ud83d\ude00"
);

fn place() -> Place {
    let place = Place::new();
    place.script("host.sh", &HOST.replace("PAYLOAD", PAYLOAD));
    place
}

/// That run with this report; the file with it.
fn report(place: &Place, format: &str) -> PathBuf {
    let names = "--args=my/good,my/bad,my/errors,my/na,my/bytes,my/dies,my/family";
    place.run(&["run", "--plugin", "host.sh", names, "--report", &format!("{format}=report")]).expect(1);
    place.path("report")
}

/// What a program says, which ends well.
#[track_caller]
fn said(command: &mut Command) -> String {
    Done::from(command.stdin(Stdio::null()).output().unwrap()).expect(0).stdout
}

/// `prove` knows version 13 at most, in which all of a report but its first line is valid, too: so says version 14.
#[test]
fn prove_reads_the_tap() {
    if !test_needs::program("prove") {
        return;
    }
    let place = place();
    report(&place, "tap");
    let older = place.read("report").replacen("TAP version 14", "TAP version 13", 1);
    let proved = Command::new("prove").args(["--exec", "cat"]).arg(place.write("older.tap", older)).output().unwrap();
    let said = String::from_utf8_lossy(&proved.stdout).into_owned() + &String::from_utf8_lossy(&proved.stderr);
    assert!(said.contains("Failed tests:  2-3, 5-7"), "{said}");
    assert!(said.contains("Tests: 7 Failed: 5)") && !said.contains("Parse errors"), "{said}");
}

/// The parser of those who wrote version 14, as strict as it can be.
#[test]
fn tap_parser_reads_the_tap() {
    const SCRIPT: &str = r#"
        const { Parser } = require("tap-parser");
        const say = (result) => console.log(JSON.stringify(result));
        const failures = (of) => of.failures.map((one) => [one.name, one.tapError, one.diag?.seen]);
        const parser = new Parser({ strict: true }, (all) =>
            say([all.ok, all.count, all.fail, all.skip, all.todo, all.bailout, failures(all)]));
        parser.on("extra", (extra) => say(["extra", extra]));
        parser.on("child", (child) => child.on("complete", (all) => say([child.name, all.count, all.skip, failures(all)])));
        parser.end(require("fs").readFileSync(process.argv[1]));"#;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-tap-parser");
    let Some((node, modules)) = test_needs::node_with(&folder, "tap-parser@18.3.4") else { return };
    let place = place();
    let report = report(&place, "tap");
    let said = said(Command::new(node).args(["-e", SCRIPT]).arg(report).current_dir(modules));
    let told: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: String = serde_json::from_str(&format!("\"{PAYLOAD}\"")).unwrap();
    let failed = |name: &str| serde_json::json!([name, null, null]);
    let expected = serde_json::json!([
        ["my/family", 3, 1, [["my/family/two", null, seen]]],
        [
            false,
            7,
            5,
            1,
            0,
            false,
            [["my/bad", null, seen], failed("my/errors"), failed("my/bytes"), failed("my/dies"), failed("my/family"),]
        ],
    ]);
    assert_eq!(serde_json::Value::from(told), expected);
}

#[test]
fn junitparser_reads_the_junit_xml() {
    const SCRIPT: &str = "import sys, junitparser\n\
        for suite in junitparser.JUnitXml.fromfile(sys.argv[1]):\n\
        \x20   for case in suite:\n\
        \x20       print(suite.name, case.name, *[type(one).__name__ for one in case.result])\n";
    let Some(python) = test_needs::has_module("junitparser", "python3-junitparser") else { return };
    let place = place();
    let said = said(Command::new(python).args(["-c", SCRIPT]).arg(report(&place, "junit")));
    let expected = [
        "my/good good",
        "my/bad bad Failure",
        "my/errors errors Error",
        "my/na na Skipped",
        "my/bytes bytes Error",
        "my/dies dies Error",
        "my/family one",
        "my/family two Failure",
        "my/family three Skipped",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    let xml = place.read("report");
    assert!(xml.contains("\\u{1b}[31m10%\\r\\u{0}\\u{85} ]]&gt; &lt;b"), "what was said is there: {xml}");
}

#[test]
fn python_subunit_reads_the_stream() {
    const SCRIPT: &str = "\
import sys, subunit
from testtools import StreamSummary
summary = StreamSummary()
summary.startTestRun()
subunit.ByteStreamToStreamResult(open(sys.argv[1], 'rb')).run(summary)
summary.stopTestRun()
print(summary.testsRun, sorted(test.id() for test, _ in summary.errors), sorted(test.id() for test, _ in summary.skipped))
print(''.join(text for test, text in summary.errors if test.id() == 'my/bad'))
";
    let Some(python) = test_needs::has_module("subunit", "python3-subunit") else { return };
    let place = place();
    let mut command = Command::new(python);
    // Else it prints in the encoding of the place.
    let said = said(command.env("PYTHONIOENCODING", "utf-8").args(["-c", SCRIPT]).arg(report(&place, "subunit")));
    let (first, rest) = said.split_once('\n').unwrap();
    let failed = "'my/bad', 'my/bytes', 'my/dies', 'my/errors', 'my/family', 'my/family/two'";
    assert_eq!(first, format!("10 [{failed}] ['my/family/three', 'my/na']"));
    assert!(rest.contains("10%") && rest.contains("expected: one") && rest.contains("not ok 98"), "{rest}");
}

/// As a plug-in of the user, whom stestr asks what there is.
#[test]
fn stestr_keeps_every_verdict() {
    let Some(stestr) = stestr() else { return };
    let place = Place::new();
    place.script("xdg/data/dockertest/plugins/host.sh", &HOST.replace("PAYLOAD", PAYLOAD));
    let data = place.path("xdg/data").display().to_string();
    let stestr = |arguments: &[&str]| drive(&place, &stestr, arguments, &[("XDG_DATA_HOME", &data)]);
    set_up(&place);
    stestr(&["init"]);
    let run = stestr(&["run", "--serial", "^my/"]).expect(1).stdout;
    for count in ["Passed: 2", "Skipped: 2", "Failed: 6"] {
        assert!(run.contains(count), "{count}: {run}");
    }
    let listed = stestr(&["failing", "--list"]).stdout;
    let mut failing: Vec<&str> = listed.lines().collect();
    failing.sort_unstable();
    let expected = ["my/bad", "my/bytes", "my/dies", "my/errors", "my/family", "my/family/two"];
    assert_eq!(failing, expected);
    let kept = stestr(&["last"]).stdout;
    assert!(kept.contains("expected: one") && kept.contains("there is no"), "{kept}");
}
