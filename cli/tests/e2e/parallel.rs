//! Several steps at a time, in instances that callouts make: what comes of it, and what is seen of it.

use std::collections::BTreeMap;
use std::io::Read;

use crate::support::{CALLOUTS, Place};

/// A host of `my/0` to `my/7`, of which some do not pass and all take a moment.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
case $1 in
list) echo "$hello"
    for name in 0 1 2 3 4 5 6 7; do echo '{"subtest":{"name":"my/'$name'","subsubtests":["x","y"]}}'; done
    echo '{"listed":{"subtests":8}}';;
run) read -r request; echo "$hello"
    case $2 in */2) verdict=FAIL;; */5) verdict=TEST_NA;; *) verdict=GOOD;; esac
    echo '{"phase":{"phase":"run_once","iteration":{"number":1,"of":1}}}'
    for child in x y; do
        sleep 0.1
        echo '{"subsubtest-started":{"subsubtest":"'$child'"}}'
        echo '{"log":{"subsubtest":"'$child'","level":"info","text":"of '$2' '$child'"}}'
        echo '{"subsubtest-ended":{"subsubtest":"'$child'","ending":{"verdict":"GOOD","reason":"","seconds":0.1}}}'
    done
    echo '{"ended":{"verdict":"'$verdict'","reason":"as '$2' does","seconds":0.2}}';;
esac"##;

const ARGS: &str = "--args=my/0,my/1,my/2,my/3,my/4,my/5,my/6,my/7";

fn place() -> Place {
    let place = Place::new().with("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    place.script("plug/host.sh", HOST);
    place
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "--plugin", "plug/host.sh", ARGS], &CALLOUTS[..], more].concat()
}

/// What the tree says of each step, by its folder: all that is between its `START` and its `END`.
fn by_step(tree: &str) -> BTreeMap<String, Vec<String>> {
    let mut steps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open: Option<String> = None;
    for line in tree.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), &open) {
            (["START", folder], None) if folder.contains('/') => open = Some((*folder).to_owned()),
            (["END", _, folder], Some(step)) if folder.contains('/') => {
                assert_eq!(folder, step);
                open = None;
            }
            // Which instance it was is nothing that the step says.
            (_, Some(step)) if !line.contains("again:") => {
                steps.entry(step.clone()).or_default().push(line.to_owned());
            }
            _ => {}
        }
    }
    assert_eq!(open, None, "{tree}");
    steps
}

#[test]
fn the_results_are_those_of_a_serial_run_step_by_step() {
    let (serial, parallel) = (place(), place());
    let one = serial.run(&["run", "--plugin", "plug/host.sh", ARGS]).expect(1);
    let three = parallel.run(&arguments(&["--jobs=3"])).expect(1);
    assert_eq!(parallel.verdicts(), serial.verdicts());
    let told = by_step(&one.stdout);
    assert_eq!((told.len(), by_step(&three.stdout)), (8, told), "{}", three.stdout);
    let status = |place: &Place| {
        let text = place.read("results/default/status");
        let fields = |line: &str| line.split('\t').filter(|field| !field.contains('=')).collect::<Vec<_>>().join("\t");
        // Further lines of a message are nothing of their own; at the head one says in which instances all was run.
        text.lines().filter(|line| !line.starts_with("  ")).map(fields).collect::<Vec<_>>()
    };
    let (mut expected, mut seen) = (status(&serial), status(&parallel));
    // Each step is told as a whole, in the order in which they ended.
    for lines in seen[1..seen.len() - 1].chunks(3) {
        let folder = lines[0].trim_start_matches("\tSTART\t").split('\t').next().unwrap();
        assert!(lines.iter().all(|line| line.contains(folder)), "{lines:?}");
    }
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
    let results = parallel.results();
    let steps = results["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["instance"].is_string() && step["worker"].is_u64()), "{results}");
    assert!(steps.iter().any(|step| step["worker"] != steps[0]["worker"]), "{results}");
}

/// The text without what drives a terminal: colours are nothing, and whatever else there is ends a line.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == '?');
        if !rest.starts_with('m') {
            plain.push('\n');
        }
        plain.push_str(rest.get(1..).unwrap());
    }
    // A line that is filled up with blanks ends at the border of the terminal.
    plain.replace('\r', "\n").replace("    0: ", "\n0: ").replace("    1: ", "\n1: ")
}

#[test]
fn a_terminal_has_a_line_for_each_worker_below_the_steps_that_have_ended() {
    let place = place();
    let (mut terminal, inner) = pty_process::blocking::open().unwrap();
    terminal.resize(pty_process::Size::new(40, 200)).unwrap();
    let wanted = place.command(&arguments(&["--jobs=2"]));
    let mut command = pty_process::blocking::Command::new(wanted.get_program()).args(wanted.get_args());
    command = command.current_dir(wanted.get_current_dir().unwrap());
    for (name, value) in wanted.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        command = command.env(name, value);
    }
    let mut child = command.env("TERM", "xterm").spawn(inner).unwrap();
    let mut shown = Vec::new();
    // The end of a terminal is an error.
    let _ = terminal.read_to_end(&mut shown);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let text = plain(&String::from_utf8(shown).unwrap());
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let has = |wanted: &dyn Fn(&str) -> bool| lines.iter().any(|line| wanted(line));
    for worker in ["0: my/", "1: my/"] {
        assert!(has(&|line| line.starts_with(worker) && line.contains("run_once()")), "no `{worker}`:\n{text}");
    }
    assert!(has(&|line| line.ends_with("[3/8]")), "{text}");
    assert_eq!(by_step(&text.lines().filter(|line| line.contains("docker/")).collect::<Vec<_>>().join("\n")).len(), 8);
}
