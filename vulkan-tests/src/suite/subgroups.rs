//! Subgroups: of each size that can be asked for, and of the driver's choice.

use ash::vk::SubgroupFeatureFlags as Has;

use super::data::Random;
use super::{Test, Wrong};
use crate::gpu::{Kernel, Offers, Outcome, Rig, Slot};

/// A shader with what it needs, its results' count, and what they have to be.
struct Case {
    shader: &'static str,
    needs: Has,
    results: usize,
    expect: Expect,
}

/// From the values of a subgroup's invocations and an invocation's place among them.
type Expect = fn(&[u32], usize) -> Vec<u32>;

/// The tests.
pub(super) fn tests(offers: &Offers) -> Vec<Test> {
    let case = |shader, needs, results, expect: Expect| Case {
        shader,
        needs,
        results,
        expect,
    };
    let cases = [
        case("basic", Has::BALLOT, 7, basic),
        case("ballot", Has::BALLOT, 14, ballot),
        case("vote", Has::VOTE, 7, vote),
        case("shuffle", Has::SHUFFLE | Has::SHUFFLE_RELATIVE, 11, shuffle),
        case("arithmetic", Has::ARITHMETIC, 25, arithmetic),
        case("clustered", Has::CLUSTERED, 9, clustered),
        case("quad", Has::QUAD, 7, quad),
        case("rotate", Has::BASIC, 3, rotate),
        case(
            "divergent",
            Has::ARITHMETIC | Has::BALLOT | Has::VOTE,
            9,
            divergent,
        ),
    ];
    let mut all = Vec::new();
    for Case {
        shader,
        needs,
        results,
        expect,
    } in cases
    {
        let there = offers.subgroups.contains(needs) && (shader != "rotate" || offers.rotate);
        for size in [None, Some(8), Some(16), Some(32)] {
            let (least, most) = offers.subgroup_sizes;
            let fits = size.is_none_or(|it| least <= it && it <= most)
                && (size.is_none() || offers.v13.compute_full_subgroups != 0);
            let name = match size {
                None => format!("subgroups::{shader}"),
                Some(size) => format!("subgroups::{shader}::{size}"),
            };
            let test = Test::new(name, move |rig| run(rig, shader, size, results, expect));
            let test = test.only(there && fits);
            all.push(if size.is_none() { test.both() } else { test });
        }
    }
    all
}

/// The invocations of a workgroup.
const GROUP: u32 = 64;

fn run(rig: &Rig<'_>, shader: &str, size: Option<u32>, results: usize, expect: Expect) -> Outcome {
    let groups = 6;
    let mut random = Random::new(91);
    let mut values: Vec<u32> = random.dwords((groups * GROUP) as usize);
    // One workgroup has all the same, for votes.
    values[..GROUP as usize].fill(0x1234_5678);
    let width = results + 2;
    let output = rig.space(values.len() * width * 4)?;
    let mut kernel = Kernel::new(&format!("subgroup_{shader}"))
        .constant(0, GROUP)
        .push(4);
    if let Some(size) = size {
        kernel = kernel.subgroup(size);
    }
    let slots = [Slot::Storage(rig.buffer(&values)?), Slot::Storage(output)];
    let program = rig.program(&kernel, &[&slots])?;
    rig.run(&program, &[width as u32], [groups, 1, 1])?;
    let got: Vec<u32> = rig.read(&output);
    let got: Vec<&[u32]> = got.chunks_exact(width).collect();
    let mut members: Vec<Vec<Option<usize>>> = Vec::new();
    for (number, it) in got.iter().enumerate() {
        let (subgroup, lane) = (it[0] as usize, it[1] as usize);
        if subgroup >= values.len() || lane >= 128 {
            return Err(format!("invocation {number} is {lane} of subgroup {subgroup}").into());
        }
        if members.len() <= subgroup {
            members.resize(subgroup + 1, Vec::new());
        }
        let lanes = &mut members[subgroup];
        if lanes.len() <= lane {
            lanes.resize(lane + 1, None);
        }
        if lanes[lane].replace(number).is_some() {
            return Err(format!("two are {lane} of subgroup {subgroup}").into());
        }
    }
    let mut wrong = Wrong::default();
    for (subgroup, lanes) in members.iter().enumerate() {
        let numbers: Vec<usize> = lanes.iter().flatten().copied().collect();
        if numbers.len() != lanes.len() || size.is_some_and(|it| it as usize != lanes.len()) {
            return Err(format!("subgroup {subgroup} is {lanes:?}").into());
        }
        let of_all: Vec<u32> = numbers.iter().map(|it| values[*it]).collect();
        for (lane, number) in numbers.iter().enumerate() {
            let wanted = expect(&of_all, lane);
            for (place, (got, wanted)) in got[*number][2..].iter().zip(&wanted).enumerate() {
                if got != wanted {
                    wrong.add(|| {
                        format!("result {place} of {lane} of subgroup {subgroup}: {got:#x}, not {wanted:#x}")
                    });
                }
            }
        }
    }
    wrong.verdict()
}

fn float(value: f32) -> u32 {
    value.to_bits()
}

fn basic(all: &[u32], lane: usize) -> Vec<u32> {
    vec![
        all.len() as u32,
        1,
        u32::from(lane == 0),
        all[3],
        all[0],
        all[0].wrapping_add(7),
        float((all[5] & 0xffff) as f32),
    ]
}

fn bits(all: &[u32], is: impl Fn(u32) -> bool) -> u32 {
    let set = all.iter().enumerate().filter(|(_, it)| is(**it));
    set.fold(0, |bits, (lane, _)| bits | 1 << lane)
}

fn ballot(all: &[u32], lane: usize) -> Vec<u32> {
    let odd = bits(all, |it| it & 1 == 1);
    let below = (1u32 << lane) - 1;
    let me = 1u32 << lane;
    let whole = u32::MAX >> (32 - all.len());
    let more = odd | 4;
    vec![
        odd,
        0,
        odd.count_ones(),
        (odd & (below | me)).count_ones(),
        (odd & below).count_ones(),
        u32::from(odd & me != 0),
        odd >> ((all[lane] >> 4) as usize % all.len()) & 1,
        more.trailing_zeros(),
        31 - more.leading_zeros(),
        me,
        below,
        below | me,
        whole & !(below | me),
        whole & !below,
    ]
}

fn vote(all: &[u32], _: usize) -> Vec<u32> {
    let truth = |it: bool| u32::from(it);
    vec![
        truth(all.iter().all(|it| it & 7 != 7)),
        truth(all.iter().any(|it| it & 31 == 31)),
        1,
        0,
        truth(all.iter().all(|it| *it == all[0])),
        1,
        truth(all.iter().all(|it| it & 1 == all[0] & 1)),
    ]
}

fn shuffle(all: &[u32], lane: usize) -> Vec<u32> {
    let last = all.len() - 1;
    let at = |lane: usize| all.get(lane).copied().unwrap_or(0);
    let far = at(last - lane);
    vec![
        far,
        at(all[lane] as usize & last),
        at(lane ^ 1),
        at(lane ^ (5 & last)),
        lane.checked_sub(1).map_or(0, at),
        lane.checked_sub(3).map_or(0, at),
        at(lane + 1),
        at(lane + 4),
        far ^ far.wrapping_add(1),
        (last - lane) as u32,
        float((at(lane ^ 2) & 0xfff) as f32),
    ]
}

fn sum(all: &[u32]) -> u32 {
    all.iter().fold(0, |sum, it| sum.wrapping_add(*it))
}

fn product(all: &[u32]) -> u32 {
    all.iter().fold(1, |all, it| all.wrapping_mul(it | 1))
}

fn least(all: &[u32]) -> u32 {
    all.iter().copied().min().unwrap_or(u32::MAX)
}

fn most(all: &[u32]) -> u32 {
    all.iter().copied().max().unwrap_or(0)
}

fn exclusive_or(all: &[u32]) -> u32 {
    all.iter().fold(0, |all, it| all ^ it)
}

fn most_signed(all: &[u32]) -> u32 {
    all.iter().map(|it| *it as i32).max().unwrap_or(i32::MIN) as u32
}

fn numbers(all: &[u32]) -> Vec<f32> {
    all.iter().map(|it| (it & 255) as f32 - 100.0).collect()
}

fn arithmetic(all: &[u32], lane: usize) -> Vec<u32> {
    let (upto, before) = (&all[..=lane], &all[..lane]);
    let total = |all: &[u32]| float(numbers(all).iter().sum::<f32>() + 0.0);
    let of_all = numbers(all);
    vec![
        sum(all),
        product(all),
        least(all),
        most(all),
        all.iter().fold(u32::MAX, |all, it| all & (it | 0xff00)),
        all.iter().fold(0, |all, it| all | it & 0xf0f0),
        exclusive_or(all),
        all.iter().map(|it| *it as i32).min().unwrap_or(0) as u32,
        most_signed(all),
        total(all),
        float(of_all.iter().copied().fold(f32::INFINITY, f32::min)),
        float(of_all.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        sum(upto),
        product(upto),
        least(upto),
        most(upto),
        exclusive_or(upto),
        total(upto),
        sum(before),
        product(before),
        least(before),
        most_signed(before),
        before.iter().fold(u32::MAX, |all, it| all & it),
        before.iter().fold(0, |all, it| all | it),
        total(before),
    ]
}

fn clustered(all: &[u32], lane: usize) -> Vec<u32> {
    let of = |size: usize| {
        let first = lane / size * size;
        &all[first..first + size]
    };
    vec![
        sum(of(2)),
        sum(of(4)),
        sum(of(8)),
        least(of(4)),
        most_signed(of(8)),
        exclusive_or(of(4)),
        of(2).iter().fold(0, |all, it| all | it),
        product(of(8)),
        float(of(4).iter().map(|it| (it & 255) as f32).sum()),
    ]
}

fn quad(all: &[u32], lane: usize) -> Vec<u32> {
    let first = lane / 4 * 4;
    vec![
        all[first],
        all[first + 1],
        all[first + 2],
        all[first + 3],
        all[lane ^ 1],
        all[lane ^ 2],
        all[lane ^ 3],
    ]
}

fn rotate(all: &[u32], lane: usize) -> Vec<u32> {
    let first = lane / 4 * 4;
    vec![
        all[(lane + 1) % all.len()],
        all[(lane + 5) % all.len()],
        all[first + (lane + 3) % 4],
    ]
}

fn divergent(all: &[u32], lane: usize) -> Vec<u32> {
    let is = |it: u32| it & 3 != 0;
    let mine = is(all[lane]);
    let with = bits(all, |it| is(it) == mine);
    let lanes: Vec<usize> = (0..all.len()).filter(|it| with >> it & 1 == 1).collect();
    let values: Vec<u32> = lanes.iter().map(|it| all[*it]).collect();
    let before = lanes.iter().filter(|it| **it < lane).count();
    let first = u32::from(before == 0);
    let mut wanted = match mine {
        true => vec![
            with,
            sum(&values),
            sum(&values[..=before]),
            least(&values),
            first,
            values[0],
            1,
            values.iter().filter(|it| *it & 4 != 0).count() as u32,
        ],
        false => vec![
            with,
            sum(&values).wrapping_add(values.len() as u32),
            sum(&values[..before]),
            most(&values),
            first,
            values[0],
            0,
            exclusive_or(&values),
        ],
    };
    let turns = |value: u32| value >> 8 & 7;
    let looped = (0..=turns(all[lane]))
        .map(|n| (n + 1) * all.iter().filter(|it| turns(**it) >= n).count() as u32)
        .sum();
    wanted.push(looped);
    wanted
}
