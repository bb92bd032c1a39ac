//! Larger programs: what compilers make of them is more than what single operations show.

use ash::vk::Format;

use super::data::Random;
use super::images::{download, upload};
use super::{Test, same};
use crate::gpu::{Kernel, Outcome, Picture, Rig, Slot};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("programs::multiply", multiply).both(),
        Test::new("programs::sha256", sha256).both(),
        Test::new("programs::life", life).both(),
        Test::new("programs::fractal", fractal).both(),
    ]
}

/// Matrices of small whole numbers, whose product is exact.
fn multiply(rig: &Rig<'_>) -> Outcome {
    let n = 96usize;
    let mut random = Random::new(161);
    let mut matrix =
        || -> Vec<f32> { (0..n * n).map(|_| random.below(32) as f32 - 16.0).collect() };
    let (a, b) = (matrix(), matrix());
    let c = rig.space(n * n * 4)?;
    let slots = [
        Slot::Storage(rig.buffer(&a)?),
        Slot::Storage(rig.buffer(&b)?),
        Slot::Storage(c),
    ];
    let program = rig.program(&Kernel::new("program_multiply").push(4), &[&slots])?;
    let groups = n as u32 / 16;
    rig.run(&program, &[n as u32], [groups, groups, 1])?;
    let mut wanted = vec![0f32; n * n];
    for (i, row) in wanted.chunks_exact_mut(n).enumerate() {
        for k in 0..n {
            for (sum, b) in row.iter_mut().zip(&b[k * n..]) {
                *sum += a[i * n + k] * b;
            }
        }
    }
    same("the product", &rig.read::<f32>(&c), &wanted)
}

/// The first 32 bits of the fractions of the first primes' roots, for SHA-256.
fn round_constants() -> Vec<u32> {
    let prime = |n: &u32| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    (2u32..)
        .filter(prime)
        .take(64)
        .map(|n| {
            // The cube root of n, scaled by 2^32, in whole numbers.
            let target = u128::from(n) << 96;
            let (mut low, mut high) = (0u128, 1u128 << 36);
            while high - low > 1 {
                let middle = (low + high) / 2;
                match middle * middle * middle <= target {
                    true => low = middle,
                    false => high = middle,
                }
            }
            low as u32
        })
        .collect()
}

fn digest(message: &[u32], k: &[u32]) -> [u32; 8] {
    let mut w = message.to_vec();
    for t in 16..64 {
        let s0 = w[t - 15].rotate_right(7) ^ w[t - 15].rotate_right(18) ^ w[t - 15] >> 3;
        let s1 = w[t - 2].rotate_right(17) ^ w[t - 2].rotate_right(19) ^ w[t - 2] >> 10;
        let all = [w[t - 16], s0, w[t - 7], s1];
        w.push(all.iter().fold(0u32, |sum, it| sum.wrapping_add(*it)));
    }
    let h = [
        0x6a09_e667u32,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    let mut v = h;
    for t in 0..64 {
        let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
        let chosen = (v[4] & v[5]) ^ (!v[4] & v[6]);
        let all = [v[7], s1, chosen, k[t], w[t]];
        let t1 = all.iter().fold(0u32, |sum, it| sum.wrapping_add(*it));
        let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
        let most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        v.rotate_right(1);
        v[4] = v[4].wrapping_add(t1);
        v[0] = t1.wrapping_add(s0).wrapping_add(most);
    }
    std::array::from_fn(|n| h[n].wrapping_add(v[n]))
}

fn sha256(rig: &Rig<'_>) -> Outcome {
    let count = 192usize;
    let messages = Random::new(162).dwords(count * 16);
    let k = round_constants();
    let digests = rig.space(count * 32)?;
    let slots = [
        Slot::Storage(rig.buffer(&messages)?),
        Slot::Storage(digests),
        Slot::Storage(rig.buffer(&k)?),
    ];
    let program = rig.program(&Kernel::new("program_sha256"), &[&slots])?;
    rig.run::<u32>(&program, &[], [count as u32 / 64, 1, 1])?;
    let wanted: Vec<u32> = messages
        .chunks_exact(16)
        .flat_map(|it| digest(it, &k))
        .collect();
    same("digests", &rig.read::<u32>(&digests), &wanted)
}

fn life(rig: &Rig<'_>) -> Outcome {
    let (width, height) = (90i32, 50i32);
    let picture = Picture::flat(Format::R32_UINT, width as u32, height as u32);
    let images = [rig.image(picture)?, rig.image(picture)?];
    let mut random = Random::new(163);
    let mut field: Vec<u32> = (0..width * height).map(|_| random.below(3) / 2).collect();
    upload(rig, &images[0], &field)?;
    let there = [Slot::Image(images[0].view), Slot::Image(images[1].view)];
    let back = [Slot::Image(images[1].view), Slot::Image(images[0].view)];
    let program = rig.program(&Kernel::new("program_life"), &[&there])?;
    let other = rig.rebound(&program, &[&back])?;
    let generations = 12;
    let commands = rig.commands()?;
    for number in 0..generations {
        commands.bind(if number % 2 == 0 { &program } else { &other });
        commands.dispatch([(width as u32).div_ceil(16), (height as u32).div_ceil(4), 1]);
        commands.barrier();
    }
    commands.run()?;
    for _ in 0..generations {
        let alive =
            |x: i32, y: i32| field[(y.rem_euclid(height) * width + x.rem_euclid(width)) as usize];
        let next = (0..width * height).map(|it| {
            let (x, y) = (it % width, it / width);
            let block = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
            let near: u32 = block.map(|(dx, dy)| alive(x + dx, y + dy)).sum();
            let own = alive(x, y);
            u32::from(near - own == 3 || (own == 1 && near - own == 2))
        });
        field = next.collect();
    }
    same("the field", &download(rig, &images[0])?, &field)
}

fn fractal(rig: &Rig<'_>) -> Outcome {
    let (width, height) = (99i32, 66i32);
    let turns = rig.space((width * height) as usize * 4)?;
    let kernel = Kernel::new("program_fractal").push(8);
    let program = rig.program(&kernel, &[&[Slot::Storage(turns)]])?;
    let groups = [(width as u32).div_ceil(8), (height as u32).div_ceil(8), 1];
    rig.run(&program, &[width, height], groups)?;
    let wanted: Vec<u32> = (0..width * height)
        .map(|it| {
            let x0 = it % width * 12288 / width - 8192;
            let y0 = it / width * 8192 / height - 4096;
            let (mut x, mut y, mut n) = (0i32, 0i32, 0);
            while n < 200 && x * x + y * y <= 4 << 24 {
                (x, y) = (((x * x - y * y) >> 12) + x0, ((x * y) >> 11) + y0);
                n += 1;
            }
            n
        })
        .collect();
    same("turns", &rig.read::<u32>(&turns), &wanted)
}

#[cfg(test)]
mod tests {
    use super::{digest, round_constants};

    #[test]
    fn the_digest_of_abc_is_the_known_one() {
        let k = round_constants();
        assert_eq!((k[0], k[63]), (0x428a_2f98, 0xc671_78f2));
        let mut message = [0u32; 16];
        (message[0], message[15]) = (0x6162_6380, 24);
        assert_eq!(digest(&message, &k)[0], 0xba78_16bf);
    }
}
