//! The reader of streams of subunit.

use bolero::check;
use dockertest::report::subunit::{Attachment, Decoder, Item, Packet, Status};
use fuzz::test_time;

fn stream() -> Vec<u8> {
    let attachment = Attachment { name: "stdout".to_owned(), bytes: b"\xb3\x21\x00\x08 hello\n".to_vec() };
    let packets = [
        Packet { status: Status::InProgress, ..Packet::of_test("a/b") },
        Packet { attachment: Some(attachment), eof: true, ..Packet::of_test("a/b") },
        Packet { status: Status::Fail, tags: ["worker-0".to_owned()].into(), ..Packet::of_test("a/b") },
    ];
    packets.iter().flat_map(|packet| packet.encode().expect("a packet")).collect()
}

/// Every byte is accounted for, whatever way it comes; packets can be written and read again.
fn decode(bytes: &[u8], piece: usize) {
    let mut decoder = Decoder::default();
    let mut items = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        decoder.push(piece);
        items.extend(decoder.by_ref());
    }
    items.extend(decoder.finish());
    let mut whole = Decoder::default();
    whole.push(bytes);
    let at_once: Vec<Item> = whole.finish();
    assert_eq!(packets(&items), packets(&at_once));
    for packet in packets(&items) {
        let again = packet.encode().expect("a packet that was read can be written");
        let mut decoder = Decoder::default();
        decoder.push(&again);
        assert_eq!(decoder.finish(), [Item::Packet(packet.clone())]);
    }
    let others = |items: &[Item]| -> usize {
        let length = |item: &Item| match item {
            Item::Packet(_) => 0,
            Item::Text(bytes) | Item::Damaged { bytes, .. } => bytes.len(),
        };
        items.iter().map(length).sum()
    };
    assert_eq!(others(&items), others(&at_once));
    assert!(others(&items) + 8 * packets(&items).len() <= bytes.len());
}

fn packets(items: &[Item]) -> Vec<&Packet> {
    let packets = items.iter().filter_map(|item| match item {
        Item::Packet(packet) => Some(packet),
        Item::Text(_) | Item::Damaged { .. } => None,
    });
    packets.collect()
}

#[test]
fn any_bytes() {
    check!().with_test_time(test_time()).for_each(|bytes: &[u8]| decode(bytes, 7));
}

#[test]
fn a_damaged_stream() {
    check!().with_test_time(test_time()).with_type::<(u8, u16, Vec<(u16, u8)>)>().for_each(|(piece, cut, damage)| {
        let mut bytes = stream();
        for (place, byte) in damage {
            let place = usize::from(*place) % bytes.len();
            bytes[place] = *byte;
        }
        bytes.truncate(usize::from(*cut) % (bytes.len() + 1));
        decode(&bytes, usize::from(*piece));
    });
}
