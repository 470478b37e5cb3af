//! Against the engine that `DOCKER_HOST` names.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, VolumeCreateRequest};

use crate::engine::{Api, Condition, Logs, Object};
use crate::host::protocol::{HostMessage, Mode, RunRequest};
use crate::subtest::lifecycle::End;
use crate::subtest::testing::{request, run, section};
use crate::subtest::{Context, Outcome, Subtest};
use crate::verdict::Verdict;

const LIMIT: Duration = Duration::from_secs(60);

/// A subtest that is a function.
struct Body<F>(F);

impl<F: FnMut(&mut Context) -> Outcome> Subtest for Body<F> {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        (self.0)(ctx)
    }
}

/// The API of the engine, if there is one.
#[track_caller]
fn engine() -> Option<Api> {
    let address = Api::address_of_options("");
    let api = Api::connect(&address, LIMIT);
    let obstacle = api.as_ref().err().map(|error| format!("no engine answers at {address}: {error}"));
    test_needs::is_met(obstacle).then(|| api.ok()).flatten()
}

fn with_image(folder: &Path, options: &[(&str, &str)]) -> RunRequest {
    let mut all = BTreeMap::from([("docker_repo_name", "dockertest/objects"), ("docker_repo_tag", "latest")]);
    all.extend(options.iter().copied());
    let all: Vec<(&str, &str)> = all.into_iter().collect();
    let mut request = request("objects", folder);
    request.section = section("objects", &all);
    // No other test run has this name.
    request.run = format!("test-{}", folder.file_name().unwrap().to_string_lossy().trim_start_matches('.'));
    request
}

/// Runs the function as a subtest, which must be good.
#[track_caller]
fn good(request: RunRequest, body: impl FnMut(&mut Context) -> Outcome) -> Vec<HostMessage> {
    let (end, heard) = run(&mut Body(body), request);
    let End::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Good, "{}\n{heard:#?}", ending.reason);
    heard
}

#[test]
fn a_fixture_runs_without_a_network_ends_at_once_and_is_removed_afterwards() {
    let Some(api) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut name = String::new();
    good(with_image(folder.path(), &[]), |ctx| {
        let container =
            ctx.container().env("A=b").command(["sh", "-c", "echo $A; echo READY >&2; sleep 1000"]).start()?;
        container.name().clone_into(&mut name);
        // The engine tells the two streams independently of each other.
        let both = |logs: &Logs| logs.stdout_text().contains('b') && logs.stderr_text().contains("READY");
        let logs = container.logs_when(both, LIMIT)?;
        assert_eq!((logs.stdout_text().as_str(), logs.stderr_text().as_str()), ("b\n", "READY\n"));
        let links = container.exec(["ls", "/sys/class/net"])?;
        assert_eq!((links.status, links.output.stdout_text().as_str()), (Some(0), "lo\n"));
        let mut events = ctx.api()?.events(&[("container", container.id())])?;
        container.kill("SIGTERM")?;
        assert_eq!(container.wait_exit(LIMIT)?, 143);
        let seen = events.until(|event| event.action == "die", LIMIT)?;
        assert_eq!(seen.first().map(|event| event.action.as_str()), Some("kill"), "{seen:?}");
        assert_eq!(container.state()?.running, Some(false));
        assert!(String::from_utf8(container.file("/etc/passwd")?.unwrap()).unwrap().contains("root:"));
        assert_eq!(container.file("/etc/nothing")?, None);
        Ok(())
    });
    assert!(api.container(&name).unwrap().is_none());
}

#[test]
fn what_is_promised_is_removed_last_one_first_and_what_is_preserved_stays() {
    let Some(api) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    let kept = format!("dockertest-objects-kept-{}", std::process::id());
    let mut made = Vec::new();
    good(with_image(folder.path(), &[("preserve_cnames", &kept)]), |ctx| {
        let (image, volume, network) = (ctx.image()?, ctx.volume_name("v"), ctx.network_name("n"));
        let tagged = ctx.image_name("i");
        api.tag(&image, &tagged, "one")?;
        api.tag(&image, &tagged, "two")?;
        api.create_volume(VolumeCreateRequest { name: Some(volume.clone()), ..Default::default() })?;
        api.create_network(crate::engine::models::NetworkCreateRequest {
            name: network.clone(),
            ..Default::default()
        })?;
        let container = ctx.container().volume(format!("{volume}:/v")).network(&network).start()?;
        let body = ContainerCreateBody { image: Some(image), ..Default::default() };
        let owned = api.create(&format!("{kept}-not"), body.clone())?;
        ctx.own(Object::Container(owned.clone()));
        api.create(&kept, body)?;
        ctx.own(Object::Container(kept.clone()));
        made = vec![container.name().to_owned(), owned, tagged, volume, network];
        Ok(())
    });
    assert!(api.remove(&kept).unwrap(), "it was to be preserved");
    let [container, owned, tagged, volume, network] = made.as_slice() else { panic!("{made:?}") };
    assert!(api.container(container).unwrap().is_none() && api.container(owned).unwrap().is_none());
    assert!(api.volume(volume).unwrap().is_none() && api.network(network).unwrap().is_none());
    assert!(api.image(&format!("{tagged}:one")).unwrap().is_none());
    assert!(api.image(&format!("{tagged}:two")).unwrap().is_none());
    assert!(api.image("dockertest/objects:latest").unwrap().is_some(), "the test image stays");
}

#[test]
fn a_later_process_removes_what_a_killed_one_made_but_nothing_of_others() {
    let Some(api) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    let body = |labels: Vec<(String, String)>| ContainerCreateBody {
        image: Some("dockertest/objects:latest".to_owned()),
        labels: Some(labels.into_iter().collect()),
        ..Default::default()
    };
    good(with_image(folder.path(), &[]), |ctx| {
        ctx.image()?;
        let [ours, older, other_run] = ["ours", "older", "other"].map(|prefix| ctx.container_name(prefix));
        api.create(&ours, body(Vec::new()))?;
        let mut foreign = ctx.label_pairs();
        foreign[0].1 = "another-run".to_owned();
        api.create(&other_run, body(foreign))?;
        // Somebody had it before it was promised.
        api.create(&older, body(Vec::new()))?;
        let ledger = std::fs::read_to_string(ctx.output().join("objects.jsonl"))?;
        let later = |line: &str| {
            let mut entry: super::ledger::Entry = serde_json::from_str(line).unwrap();
            if entry.object == Object::Container(older.clone()) {
                entry.since += 1000;
            }
            serde_json::to_string(&entry).unwrap() + "\n"
        };
        std::fs::write(ctx.output().join("objects.jsonl"), ledger.lines().map(later).collect::<String>())?;
        let unlisted = ctx.unique_name("unlisted");
        api.create(&unlisted, body(ctx.label_pairs()))?;
        names = vec![ours, older, other_run, unlisted];
        // As if this process were killed here.
        std::mem::forget(ctx.take_guards());
        Ok(())
    });
    let is_there = |name: &String| api.container(name).unwrap().is_some();
    assert!(names.iter().all(is_there));
    let mut cleanup = with_image(folder.path(), &[]);
    cleanup.mode = Mode::Cleanup { reason: "killed".to_owned() };
    cleanup.engine = Some(crate::journal::EngineFacts::default());
    good(cleanup, |_| unreachable!("only cleans up"));
    let there: Vec<bool> = names.iter().map(is_there).collect();
    for name in &names {
        api.remove(name).unwrap();
    }
    assert_eq!(there, [false, true, true, false], "{names:?}");
}

#[test]
fn a_wait_ends_at_its_limit_and_tells_the_exit_status() {
    let Some(_) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    good(with_image(folder.path(), &[]), |ctx| {
        let container = ctx.container().command(["sh", "-c", "read line"]).with(|body, _| body.open_stdin = Some(true));
        let container = container.start()?;
        let failure = container.wait_exit(Duration::from_millis(100)).unwrap_err();
        assert_eq!(failure.verdict(), Verdict::Fail, "{failure}");
        let failure = container.wait_log("READY", Duration::from_millis(100)).unwrap_err();
        assert!(failure.reason().contains("does not write `READY`"), "{failure}");
        container.kill("KILL")?;
        assert_eq!(ctx.api()?.wait(container.id(), Condition::NotRunning, LIMIT)?, 137);
        let failure = container.wait_log("READY", LIMIT).unwrap_err();
        assert_eq!(failure.verdict(), Verdict::Fail);
        Ok(())
    });
}

#[test]
fn a_sweep_removes_what_ended_runs_left_and_nothing_else() {
    let Some(api) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    good(with_image(folder.path(), &[]), |ctx| ctx.image().map(drop));
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    let gone = super::label::Owner::of(i32::try_from(ended.id()).unwrap()).to_string();
    ended.wait().unwrap();
    let here = super::label::Owner::parent().to_string();
    let made: Vec<(String, bool)> = [
        ("left", vec![("dockertest.owner", gone.as_str())], false),
        ("runs", vec![("dockertest.owner", here.as_str())], true),
        ("kept", vec![("dockertest.owner", gone.as_str()), ("dockertest.keep", "yes")], true),
        ("mine", vec![("dockertest.owner", gone.as_str()), ("dockertest.step", "going-on")], true),
        ("odd", vec![("dockertest.owner", "somebody")], true),
        ("foreign", vec![], true),
    ]
    .into_iter()
    .map(|(name, mut labels, stays)| {
        let name = format!("dockertest-sweep-{name}-{}", std::process::id());
        if name.contains("foreign") {
            labels.clear();
        } else {
            labels.push(("dockertest.run", "this-run"));
        }
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let image = Some("dockertest/objects:latest".to_owned());
        api.create(&name, ContainerCreateBody { image, labels: Some(labels), ..Default::default() }).unwrap();
        (name, stays)
    })
    .collect();
    let spared =
        super::Spared { run: "this-run".to_owned(), steps: vec!["going-on".to_owned()], ..super::Spared::default() };
    let told = super::sweep(api.address(), &spared);
    let there: Vec<(String, bool)> =
        made.iter().map(|(name, _)| (name.clone(), api.container(name).unwrap().is_some())).collect();
    for (name, _) in &made {
        api.remove(name).unwrap();
    }
    assert_eq!(there, made);
    assert!(told.contains(&format!("removed container {}, which an earlier run left", made[0].0)), "{told:?}");
}
