//! Which subtests run, how often, in which order, and what is said when one of them is lost.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::Value;

use crate::support::{CALLOUTS, Done, Place};

/// A host of `my/a` to `my/d`. What a file of a subtest's name holds says how that one behaves.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
here=${0%/*}
case $1 in
list) echo "$hello"
    for name in a b c d; do echo '{"subtest":{"name":"my/'$name'"}}'; done
    echo '{"listed":{"subtests":4}}';;
run) read -r request
    name=${2##*/}
    echo "$name" >> "$here/ran"
    how=$(cat "$here/$name" 2>/dev/null)
    [ "$how" = "leaves at once" ] && exit 5
    echo "$hello"
    [ "$how" = "says nothing" ] && exit 0
    verdict=GOOD
    [ "$how" = fails ] && verdict=FAIL
    [ "$how" = "fails at first" ] && [ $(grep -c "^$name$" "$here/ran") -lt 3 ] && verdict=FAIL
    [ "$how" = "fails the third time" ] && [ $(grep -c "^$name$" "$here/ran") -ge 3 ] && verdict=FAIL
    [ "$how" = harms ] && echo > "$here/harmed-by-$name-in-$DOCKERTEST_RUN"
    for other in $how; do
        case $how in harmed*) ;; *) break;; esac
        [ $other = harmed ] || [ $other = by ] && continue
        [ -e "$here/harmed-by-$other-in-$DOCKERTEST_RUN" ] || { verdict=GOOD; break; }
        verdict=FAIL
    done
    reason=
    if [ "$how" = "is stopped on a full disk" ]; then
        trap '' INT TERM
        cat /dev/zero > "$here/../results/rest"
        kill -INT $(cat "$here/runner")
        # More than the journal's last block has room for.
        reason=$(printf '%9000s' why)
    fi
    seconds=0.25
    case $how in takes*) seconds=${how#takes };; esac
    echo '{"ended":{"verdict":"'$verdict'","reason":"'"$reason"'","seconds":'$seconds'}}'
    [ "$how" = "leaves late" ] && exit 7;;
esac
exit 0"##;

fn place(behaviours: &[(&str, &str)]) -> Place {
    let place = Place::new();
    place.script("plug/host.sh", HOST);
    for (name, how) in behaviours {
        place.write(&format!("plug/{name}"), how);
    }
    place
}

const ALL: &str = "--args=my/a,my/b,my/c,my/d";

fn run(place: &Place, arguments: &[&str]) -> Done {
    place.run(&[&["run", "--plugin", "plug/host.sh"], arguments].concat())
}

/// What has run since the last time, in order.
fn ran(place: &Place) -> String {
    let ran = place.read("plug/ran").replace('\n', " ");
    std::fs::remove_file(place.path("plug/ran")).unwrap();
    ran.trim_end().to_owned()
}

/// The steps by their numbers, in the order in which they began.
fn started(place: &Place) -> Vec<u64> {
    let journal = place.read("results/default/journal.jsonl");
    let events = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter_map(|event| event["event"]["step-started"]["step"].as_u64()).collect()
}

fn runs(place: &Place) -> usize {
    let runs: Value = serde_json::from_str(&place.run(&["runs", "--json"]).expect(0).stdout).unwrap();
    runs.as_array().unwrap().len()
}

/// Nothing is passed by not being reported, whatever a host exits with.
#[rstest]
#[case("says nothing", "ABORT", "without a verdict")]
#[case("leaves at once", "ABORT", "ended with status 5")]
#[case("leaves late", "ERROR", "ended with status 7")]
fn what_is_not_reported_as_it_should_be_is_not_passed(#[case] how: &str, #[case] verdict: &str, #[case] reason: &str) {
    let place = place(&[("b", how)]);
    run(&place, &["--args=my/a,my/b,my/c"]).expect(1);
    let verdicts = place.verdicts();
    let seen: Vec<(&str, &str)> = verdicts.iter().map(|(name, verdict, _)| (name.as_str(), verdict.as_str())).collect();
    assert_eq!(seen, [("my/a", "GOOD"), ("my/b", verdict), ("my/c", "GOOD")]);
    assert!(verdicts[1].2.contains(reason), "{verdicts:?}");
}

/// The exit status does not depend on what is shown, and a loop comes to its end.
#[rstest]
#[case(&[])]
#[case(&["--subunit"])]
#[case(&["--report", "tap=-"])]
fn the_status_is_the_same_whatever_is_shown_and_a_loop_stops(#[case] shown: &[&str]) {
    let place = place(&[("b", "fails the third time")]);
    // What is shown need not be text.
    let status = |arguments: &[&str]| {
        let all = [&["run", "--plugin", "plug/host.sh"], arguments, shown].concat();
        place.command(&all).output().unwrap().status.code()
    };
    assert_eq!(status(&["--args=my/a,my/b", "--until-failure"]), Some(1));
    assert_eq!((ran(&place).as_str(), runs(&place)), ("a b a b a b", 3));
    assert_eq!(status(&["--args=my/a", "--until-failure=2"]), Some(0));
    assert_eq!(ran(&place), "a a");
    assert_eq!(status(&["--args=my/a !!!", "--until-failure"]), Some(0));
    assert!(!place.path("plug/ran").exists(), "that nothing is run is shown once");
}

#[test]
fn a_signal_does_not_hide_that_results_are_lost() {
    if !test_needs::root("can mount a file system") {
        return;
    }
    let place = place(&[("a", "is stopped on a full disk")]);
    let on_small_disk =
        r#"echo $$ > plug/runner; mkdir results && mount -t tmpfs -o size=2m none results && exec "$@""#;
    let run = place.command(&["run", "--plugin", "plug/host.sh", "--args=my/a,my/b", "--until-failure"]);
    let mut run = test_needs::run_by(&["unshare", "--mount", "sh", "-c", on_small_disk, "sh"], &run);
    let done = Done::from(run.output().unwrap()).expect(1);
    assert!(done.stderr.contains("No space left on device") && done.stderr.contains("not written"), "{done:?}");
    assert_eq!(ran(&place), "a");
    place.expect_no_process();
}

/// What narrows the selection does so in isolated runs as well, and all is one run.
#[rstest]
#[case(&[])]
#[case(&["--isolated"])]
fn failing_and_lists_say_what_runs(#[case] isolated: &[&str]) {
    let place = place(&[("b", "fails"), ("d", "fails")]);
    run(&place, &[&[ALL], isolated].concat()).expect(1);
    assert_eq!((ran(&place).as_str(), runs(&place)), ("a b c d", 1));
    run(&place, &[&["--failing"], isolated].concat()).expect(1);
    assert_eq!((ran(&place).as_str(), runs(&place)), ("b d", 2));
    place.write("list", "my/d\n\n  my/c \nmy/d\n");
    run(&place, &[&["--load-list", "list"], isolated].concat()).expect(1);
    assert_eq!((ran(&place).as_str(), runs(&place)), ("d c", 3), "in the order of the list");
    run(&place, &[&["--load-list", "list", "--failing"], isolated].concat()).expect(1);
    assert_eq!(ran(&place), "d");
    place.write("list", "my/a\n");
    let nothing = run(&place, &[&["--load-list", "list", "--failing"], isolated].concat()).expect(0);
    assert!(nothing.stderr.contains("nothing of this fails, so nothing is run"), "{}", nothing.stderr);
    assert_eq!(runs(&place), 4);
    place.write("list", "my/a\n\nmy/gone\n");
    let refused = run(&place, &[&["--load-list", "list"], isolated].concat()).expect(2);
    assert!(refused.stderr.contains("unknown name `my/gone` in --load-list list:3; "), "{}", refused.stderr);
}

#[test]
fn a_subtest_that_passes_at_last_is_flaky_and_says_so() {
    let place = place(&[("b", "fails at first"), ("c", "fails")]);
    run(&place, &["--args=my/a,my/b,my/c", "--retries=2"]).expect(1);
    assert_eq!(ran(&place), "a b b b c c c");
    let verdicts = place.verdicts();
    assert_eq!((verdicts[1].1.as_str(), verdicts[2].1.as_str()), ("GOOD", "FAIL"));
    assert!(verdicts[1].2.starts_with("flaky: attempt 3 passed after FAIL"), "{verdicts:?}");
    let attempts: Vec<u64> =
        place.results()["steps"].as_array().unwrap().iter().map(|step| step["attempts"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [1, 3, 3]);
}

/// The order is what was asked for, recorded, and can be had again.
#[test]
fn a_seed_is_an_order() {
    let place = place(&[]);
    let mut orders = Vec::new();
    for seed in 0..8 {
        let seed = format!("--shuffle={seed}");
        run(&place, &[ALL, &seed]).expect(0);
        let order = ran(&place);
        let planned: Vec<String> = place.verdicts().into_iter().map(|(name, ..)| name.replace("my/", "")).collect();
        assert_eq!(order, planned.join(" "));
        run(&place, &[ALL, &seed]).expect(0);
        assert_eq!(ran(&place), order);
        orders.push(order);
    }
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 2, "{orders:?}");
}

#[test]
fn the_longest_known_begins_first() {
    let place = place(&[("a", "takes 3"), ("b", "takes 1"), ("c", "takes 9"), ("d", "takes 5")]);
    // An instance for each, so that it is told which is to be next.
    let isolated = [&CALLOUTS[..], &[ALL, "--jobs=1", "--isolated"]].concat();
    run(&place, &isolated).expect(0);
    assert_eq!(ran(&place), "a b c d", "nobody knows better");
    run(&place, &isolated).expect(0);
    assert_eq!(ran(&place), "c d a b");
    let planned: Vec<String> = place.verdicts().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(planned, ["my/a", "my/b", "my/c", "my/d"], "what is told is in the order of the plan");
    run(&place, &[&CALLOUTS[..], &[ALL, "--jobs=2"]].concat()).expect(0);
    ran(&place);
    let first_two: BTreeSet<u64> = started(&place).into_iter().take(2).collect();
    assert_eq!(first_two, BTreeSet::from([2, 3]), "c and d");
    // Of one that nobody knows it is assumed that it takes as long as most.
    run(&place, &[&["--repository", "elsewhere", "--args=my/b,my/d"], &CALLOUTS[..], &["--jobs=1"]].concat()).expect(0);
    ran(&place);
    run(&place, &[&isolated[..], &["--repository", "elsewhere"]].concat()).expect(0);
    assert_eq!(ran(&place), "a c d b");
}

/// The least set of others, also one of two that do harm only together, however many workers there could be.
#[rstest]
#[case(&[("a", "harms"), ("d", "harmed by a")], "fails after my/a (3 of 3 times), and passes alone", 1)]
#[case(&[("a", "harms"), ("c", "harms"), ("d", "harmed by a c")], "fails after my/a, my/c (3 of 3 times)", 1)]
#[case(&[("c", "harms"), ("b", "harmed by c")], "fails after my/c (3 of 3 times)", 1)]
#[case(&[("b", "fails")], "fails alone (1 of 1 times)", 1)]
#[case(&[("b", "fails at first")], "passes alone and after all others", 0)]
fn who_makes_a_subtest_fail_is_found(#[case] behaviours: &[(&str, &str)], #[case] found: &str, #[case] status: i32) {
    let place = place(behaviours);
    let (suspect, _) = behaviours.last().unwrap();
    // In this order it fails, whatever does it; with a copy of the list of a run in which it did.
    let order = if found.contains("after my/c (") { "--args=my/a,my/c,my/b,my/d" } else { ALL };
    run(&place, &[order]).expect(1);
    if found.starts_with("passes") {
        // The luck of that run is used up.
        run(&place, &[ALL, "--repository", "elsewhere"]).expect(1);
    }
    let recorded = runs(&place);
    let done = run(&place, &[ALL, "--analyze-isolation", "--jobs=4"]).expect(status);
    assert!(done.stdout.starts_with(&format!("my/{suspect}: {found}")), "{done:?}");
    assert_eq!((done.stdout.lines().count(), runs(&place)), (1, recorded), "probes are no runs: {done:?}");
    assert!(done.stderr.contains(&format!("probe 1: my/{suspect} alone: ")), "{}", done.stderr);
    assert!(place.path("results/isolation/001/journal.jsonl").exists());
}

#[test]
fn what_does_not_fail_is_not_analyzed() {
    let place = place(&[("b", "fails")]);
    run(&place, &[ALL]).expect(1);
    ran(&place);
    // What fails is not among these.
    let done = run(&place, &["--args=my/a,my/c", "--analyze-isolation"]).expect(0);
    assert!(done.stderr.contains("none of these subtests fails"), "{}", done.stderr);
    assert!(!place.path("plug/ran").exists());
    let done = run(&place, &["--analyze-isolation", "--failing"]).expect(2);
    assert!(done.stderr.contains("cannot be used with"), "{}", done.stderr);
}
