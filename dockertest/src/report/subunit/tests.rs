use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Attachment, Decoder, Item, Packet, SIGNATURE, Status, Timestamp};

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn decoded(bytes: &[u8]) -> Vec<Item> {
    let mut decoder = Decoder::default();
    decoder.push(bytes);
    decoder.finish()
}

fn attachment(name: &str, bytes: &[u8]) -> Option<Attachment> {
    Some(Attachment { name: name.to_owned(), bytes: bytes.to_vec() })
}

fn test(name: &str, status: Status) -> Packet {
    Packet { status, ..Packet::of_test(name) }
}

fn tags(tag: &str) -> BTreeSet<String> {
    [tag.to_owned()].into()
}

const FOO: &str = "b3 29 01 0c 03 66 6f 6f 08 55 5f 1b";

/// 2024-01-02T03:04:05.678901Z.
fn time() -> Option<Timestamp> {
    Timestamp::from_micros(1_704_164_645_678_901)
}

fn everything() -> Packet {
    Packet {
        time: time(),
        tags: tags("worker-1"),
        mime: Some("text/plain;charset=utf8".to_owned()),
        attachment: attachment("traceback", b"boom\n"),
        eof: true,
        route: Some("0".to_owned()),
        runnable: true,
        ..test("a", Status::Fail)
    }
}

fn process_returncode() -> Packet {
    Packet {
        runnable: true,
        mime: Some("text/plain;charset=utf8".to_owned()),
        attachment: attachment("traceback", b"returncode 1"),
        ..test("process-returncode", Status::Fail)
    }
}

#[rstest]
#[case::exists(FOO, test("foo", Status::Exists))]
#[case::not_runnable("b3 28 01 0c 03 66 6f 6f ae 22 54 af", Packet { runnable: false, ..test("foo", Status::Exists) })]
#[case::smallest("b3 21 00 08 19 d7 9a 8d", Packet { runnable: true, ..Packet::default() })]
#[case::started("b3 2b 02 1d 65 93 7d 25 e8 77 35 08 0c 70 6b 67 2e 54 2e 74 65 73 74 5f 78 d4 00 eb 07",
    Packet { time: time(), ..test("pkg.T.test_x", Status::InProgress) })]
#[case::tagged("b3 2b 83 27 65 93 7d 26 ce e6 b2 80 0c 70 6b 67 2e 54 2e 74 65 73 74 5f 78 01 08 77 6f 72 6b 65 72 2d 30 cf b1 38 27",
    Packet { time: Timestamp::from_micros(1_704_164_646_250_000), tags: tags("worker-0"), ..test("pkg.T.test_x", Status::Success) })]
#[case::everything(
    "b3 2f f6 40 47 65 93 7d 25 e8 77 35 08 01 61 01 08 77 6f 72 6b 65 72 2d 31 17 74 65 78 74 2f 70 6c 61 69 6e 3b 63 68 61 72 73 65 74 3d 75 74 66 38 09 74 72 61 63 65 62 61 63 6b 05 62 6f 6f 6d 0a 01 30 d6 2a 55 9c",
    everything()
)]
#[case::output("b3 21 40 13 06 73 74 64 6f 75 74 03 68 69 0a f4 13 2d 4a",
    Packet { runnable: true, attachment: attachment("stdout", b"hi\n"), ..Packet::default() })]
#[case::end_of_output("b3 21 50 10 06 73 74 64 6f 75 74 00 b7 a1 75 22",
    Packet { runnable: true, attachment: attachment("stdout", b""), eof: true, ..Packet::default() })]
#[case::accent("b3 29 05 0b 02 c3 a9 ff ea 9d 63", test("é", Status::Skip))]
#[case::returncode(
    "b3 29 66 40 4b 12 70 72 6f 63 65 73 73 2d 72 65 74 75 72 6e 63 6f 64 65 17 74 65 78 74 2f 70 6c 61 69 6e 3b 63 68 61 72 73 65 74 3d 75 74 66 38 09 74 72 61 63 65 62 61 63 6b 0c 72 65 74 75 72 6e 63 6f 64 65 20 31 63 2a b2 ed",
    process_returncode()
)]
fn vectors_are_written_and_read(#[case] hex: &str, #[case] packet: Packet) {
    assert_eq!(packet.encode().unwrap(), bytes(hex));
    assert_eq!(decoded(&bytes(hex)), [Item::Packet(packet)]);
}

/// Where the length field grows, two lengths of packets are never made.
#[rstest]
#[case::one_byte(54, 63)]
#[case::two_bytes(55, 65)]
#[case::last_of_two(16_372, 16_383)]
#[case::three_bytes(16_373, 16_385)]
fn the_length_counts_itself(#[case] letters: usize, #[case] length: usize) {
    let packet = test(&"t".repeat(letters), Status::Success);
    let bytes = packet.encode().unwrap();
    assert_eq!(bytes.len(), length);
    assert_eq!(decoded(&bytes), [Item::Packet(packet)]);
}

#[test]
fn the_greatest_attachment_fits_and_no_greater_one() {
    let greatest = |length| Packet { attachment: attachment("x", &vec![7; length]), ..Packet::default() };
    let packet = greatest(4_194_288);
    assert_eq!(decoded(&packet.encode().unwrap()), [Item::Packet(packet)]);
    assert!(greatest(4_194_289).encode().unwrap_err().to_string().contains("in pieces"));
}

#[rstest]
#[case::longer_length("b3 29 01 40 0d 03 66 6f 6f 41 e1 47 3f")]
#[case::more_after_the_last_field("b3 29 01 10 03 66 6f 6f 78 78 78 78 0f 0e 4d 22")]
fn odd_packets_are_read(#[case] hex: &str) {
    assert_eq!(decoded(&bytes(hex)), [Item::Packet(test("foo", Status::Exists))]);
}

/// None of these takes the good packet with it that follows, and no byte is lost.
#[rstest]
#[case::checksum("b3 29 01 0c 03 66 6f 6f 08 55 5f 1c", Some("its checksum is wrong"))]
#[case::version_1("b3 19 01 0c 03 66 6f 6f a0 36 fa 49", None)]
#[case::reserved_bit("b3 29 09 0c 03 66 6f 6f e4 06 dd 76", Some("a bit is set that must not be"))]
#[case::nul("b3 29 01 0c 03 61 00 62 91 ce 42 4b", Some("a text in it holds a NUL character"))]
#[case::bad_text("b3 29 01 0c 03 61 ff 62 02 ea bf 39", Some("a text in it is not UTF-8"))]
#[case::long_text("b3 29 01 0c 3f 66 6f 6f b2 a8 18 02", Some("it ends within a field"))]
#[case::four_byte_length("b3 29 01 c0 00 00 0f 03 66 6f 6f 90 ac 56 0c", Some("its length is given in four bytes"))]
#[case::short_length("b3 29 01 05 03 66 6f 6f", Some("it says that it is shorter than a packet can be"))]
#[case::plain_byte("b3 68 65 6c 6c 6f 20 77 6f 72 6c 64", None)]
#[case::half_a_packet("b3 29 01 0c 03 66", Some("its checksum is wrong"))]
#[case::a_length_beyond_the_end("b3 29 01 bf ff ff 03 66", Some("the stream ends within it"))]
fn bad_bytes_are_told_and_cost_no_more(#[case] hex: &str, #[case] problem: Option<&str>) {
    let bad = bytes(hex);
    let items = decoded(&[&bad[..], &bytes(FOO)].concat());
    assert_eq!(items.last(), Some(&Item::Packet(test("foo", Status::Exists))), "{items:?}");
    let told = items.iter().find_map(|item| match item {
        Item::Damaged { problem, .. } => Some(problem.as_str()),
        Item::Packet(_) | Item::Text(_) => None,
    });
    assert_eq!(told, problem);
    let kept: usize = items[..items.len() - 1].iter().map(length).sum();
    assert_eq!(kept, bad.len());
}

fn length(item: &Item) -> usize {
    match item {
        Item::Packet(packet) => packet.encode().unwrap().len(),
        Item::Text(bytes) | Item::Damaged { bytes, .. } => bytes.len(),
    }
}

/// The last byte of these letters is that which packets begin with.
#[test]
fn text_beside_packets_stays_text_however_it_is_cut() {
    let text = "ends in ó, or 3³ \u{e9}\n".as_bytes();
    let packet = test("foo", Status::Success);
    let one = packet.encode().unwrap();
    let stream = [text, &one, b"abc", &one, "é".as_bytes(), &one, b"\xe9", &one].concat();
    for cut in 0..stream.len() {
        let mut decoder = Decoder::default();
        decoder.push(&stream[..cut]);
        let mut items: Vec<Item> = decoder.by_ref().collect();
        decoder.push(&stream[cut..]);
        items.extend(decoder.finish());
        let packets = items.iter().filter(|item| **item == Item::Packet(packet.clone())).count();
        assert_eq!(packets, 4, "cut at {cut}: {items:?}");
        assert_eq!(items.iter().map(length).sum::<usize>(), stream.len(), "cut at {cut}");
    }
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let text = || "[^\0]{0,80}";
    let time = (any::<u32>(), 0_u32..1_000_000)
        .prop_map(|(seconds, micros)| Timestamp { seconds, nanoseconds: micros * 1000 });
    let attachment = (text(), proptest::collection::vec(any::<u8>(), 0..300));
    let attachment = attachment.prop_map(|(name, bytes)| Attachment { name, bytes });
    let start = (proptest::option::of(text()), 0..8_usize, proptest::option::of(time), any::<(bool, bool)>());
    let rest = (
        proptest::collection::btree_set(text(), 0..4),
        proptest::option::of(attachment),
        proptest::option::of("[^\0]{1,40}"),
        proptest::option::of(text()),
    );
    (start, rest).prop_map(|((test, status, time, (runnable, eof)), (tags, attachment, mime, route))| {
        let status = Status::ALL[status];
        Packet { test, status, time, runnable, tags, attachment, mime, eof, route }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(packets in proptest::collection::vec(any_packet(), 1..5), cuts in any::<[prop::sample::Index; 3]>()) {
        let stream: Vec<u8> = packets.iter().flat_map(|packet| packet.encode().unwrap()).collect();
        let mut cuts = cuts.map(|cut| cut.index(stream.len()));
        cuts.sort_unstable();
        let mut decoder = Decoder::default();
        let mut items = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([stream.len()]) {
            decoder.push(&stream[from..cut]);
            items.extend(decoder.by_ref());
            from = cut;
        }
        prop_assert_eq!(decoder.finish(), []);
        prop_assert_eq!(items, packets.into_iter().map(Item::Packet).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_byte_costs_one_packet_at_most(packets in proptest::collection::vec(any_packet(), 3), at: prop::sample::Index, to: u8) {
        let encoded: Vec<Vec<u8>> = packets.iter().map(|packet| packet.encode().unwrap()).collect();
        let mut stream = encoded.concat();
        let at = at.index(stream.len());
        prop_assume!(stream[at] != to);
        stream[at] = to;
        let hit = if at < encoded[0].len() { 0 } else if at < encoded[0].len() + encoded[1].len() { 1 } else { 2 };
        let items = decoded(&stream);
        for (index, packet) in packets.into_iter().enumerate().filter(|(index, _)| *index != hit) {
            prop_assert!(items.contains(&Item::Packet(packet)), "packet {} is lost", index);
        }
    }

    #[test]
    fn no_byte_is_lost(noise in proptest::collection::vec(prop_oneof![Just(SIGNATURE), Just(0x21), Just(0), Just(8), any::<u8>()], 0..200)) {
        let items = decoded(&noise);
        prop_assert_eq!(items.iter().map(length).sum::<usize>(), noise.len());
    }
}

/// As the oracle reads and says it.
fn as_json(packet: &Packet) -> Value {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    json!({
        "test": packet.test,
        "status": Status::ALL.iter().position(|status| *status == packet.status),
        "tags": packet.tags,
        "runnable": packet.runnable,
        "file": packet.attachment.as_ref().map(|attachment| &attachment.name),
        "bytes": packet.attachment.as_ref().map(|attachment| hex(&attachment.bytes)),
        "eof": packet.eof,
        "mime": packet.mime,
        "route": packet.route,
        "micros": packet.time.map(Timestamp::micros),
    })
}

#[test]
fn python_subunit_writes_and_reads_the_same_bytes() {
    let Some(python) = test_needs::has_module("subunit", "python3-subunit") else { return };
    let mut runner = TestRunner::new(Config::default());
    let packets: Vec<Packet> = (0..1000).map(|_| any_packet().new_tree(&mut runner).unwrap().current()).collect();
    let mut requests = String::new();
    for packet in &packets {
        let mut request = as_json(packet);
        let ours: String = packet.encode().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        request["ours"] = ours.into();
        requests.push_str(&format!("{request}\n"));
    }
    let mut child = Command::new(python)
        .args(["-c", include_str!("oracle.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(requests.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), packets.len());
    for (packet, answer) in packets.iter().zip(&answers) {
        let ours: String = packet.encode().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(answer["hex"], ours.as_str(), "{packet:?}");
        assert_eq!(answer["read"], json!([as_json(packet)]));
    }
}
