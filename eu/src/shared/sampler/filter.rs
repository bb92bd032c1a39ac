//! From coordinates to colours: levels, neighbouring texels, edges.

use super::state::{Between, Edge, Sampler, index};
use crate::memory::Memory;
use crate::shared::image::Image;
use crate::shared::surface::{Kind, Select};
use crate::shared::target::Port;
use crate::trap::Trap;

/// Coordinates beyond this are as good as infinite.
const FAR: f64 = 1e12;

/// Where a colour is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Across, down, deep; of a cube the direction.
    pub(super) at: [f32; 3],
    /// The layer, or of an array of cubes the cube.
    pub(super) layer: f32,
    /// The level.
    pub(super) level: f32,
    /// Texels to be added across, down, deep.
    pub(super) offset: [i32; 3],
    /// What texels are compared with.
    pub(super) reference: Option<f32>,
}

/// A filter for an image.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    pub(super) image: &'a Image,
    pub(super) sampler: &'a Sampler,
}

impl Filter<'_> {
    /// How many coordinates count, and edges are for.
    fn dimensions(&self) -> usize {
        match self.image.surface.kind {
            Kind::Image(count) => usize::from(count.clamp(1, 3)),
            Kind::Cube => 2,
            Kind::Buffer | Kind::Structured | Kind::Null => 1,
        }
    }

    /// A level within the sampler's limits.
    fn limited(&self, level: f32) -> f32 {
        let [least, most] = self.sampler.levels;
        // What is no number is the greatest level.
        level.min(most).max(least)
    }

    /// A level that there is.
    fn there(&self, level: f32) -> f32 {
        level.clamp(0.0, self.image.surface.level as f32)
    }

    /// The level that is filtered where that of the coordinates is this, and what that would be
    /// without limits.
    pub(super) fn detail(&self, level: f32) -> [f32; 2] {
        let free = level + self.sampler.bias;
        let level = self.there(self.limited(free));
        let level = match self.sampler.between {
            Between::First => 0.0,
            Between::Nearest => (level + 0.5).floor(),
            Between::Linear => level,
        };
        [level, free]
    }

    /// The filtered colour at a point.
    pub(super) fn colour<M: Memory>(
        &self,
        port: &mut Port<'_, M>,
        point: &Point,
    ) -> Result<[u32; 4], Trap> {
        let sampler = self.sampler;
        let level = self.limited(point.level + sampler.bias);
        let smaller = level > 0.0;
        let linear = sampler.linear[usize::from(!smaller)] && !self.image.format.integer;
        let level = self.there(level);
        match sampler.between {
            Between::First => self.of_level(port, point, 0, linear),
            Between::Nearest => self.of_level(port, point, (level + 0.5) as u32, linear),
            Between::Linear => {
                let first = self.of_level(port, point, level as u32, linear)?;
                let part = level.fract();
                if part == 0.0 || self.image.format.integer {
                    return Ok(first);
                }
                let second = self.of_level(port, point, level as u32 + 1, linear)?;
                let mut colour = [0; 4];
                for ((colour, first), second) in colour.iter_mut().zip(first).zip(second) {
                    let (first, second) = (f32::from_bits(first), f32::from_bits(second));
                    *colour = (first * (1.0 - part) + second * part).to_bits();
                }
                Ok(colour)
            }
        }
    }

    /// The texels that a colour of a level is made of: the first one's index, and how far the
    /// point is from it to the next one, for each dimension; and the layer.
    fn neighbours(&self, point: &Point, size: [u32; 3], linear: bool) -> ([i64; 3], [f32; 3], u32) {
        let (mut at, mut layer) = (point.at, 0);
        let layers = size[2].max(1);
        match self.image.surface.kind {
            Kind::Cube => {
                let (face, across, down) = face(point.at);
                at = [across, down, 0.0];
                layer =
                    round(point.layer).clamp(0, i64::from(layers / 6).max(1) - 1) as u32 * 6 + face;
            }
            Kind::Image(1 | 2) if self.image.surface.array => {
                layer = round(point.layer).clamp(0, i64::from(layers) - 1) as u32;
            }
            _ => {}
        }
        let (mut first, mut part) = ([0; 3], [0.0; 3]);
        for axis in 0..self.dimensions() {
            let mut place = f64::from(at[axis]);
            if !self.sampler.texels {
                place *= f64::from(size[axis]);
            }
            if linear {
                place -= 0.5;
            }
            // What is no number is 0.
            let place = place.clamp(-FAR, FAR);
            let whole = floor(place);
            first[axis] = whole + i64::from(point.offset[axis]);
            if linear && !place.is_nan() {
                part[axis] = (place - whole as f64) as f32;
            }
        }
        (first, part, layer)
    }

    fn of_level<M: Memory>(
        &self,
        port: &mut Port<'_, M>,
        point: &Point,
        level: u32,
        linear: bool,
    ) -> Result<[u32; 4], Trap> {
        let level = level.saturating_add(self.image.surface.first_level);
        let size = self.image.size(level);
        let (first, part, layer) = self.neighbours(point, size, linear);
        let mut sum = [0f32; 4];
        for corner in 0..1u32 << self.dimensions() {
            let mut weight = 1.0;
            let mut at = first;
            for axis in 0..3 {
                if corner >> axis & 1 != 0 {
                    weight *= part[axis];
                    at[axis] += 1;
                } else {
                    weight *= 1.0 - part[axis];
                }
            }
            if weight == 0.0 {
                continue;
            }
            let texel = self.texel(port, level, size, at, layer, point.reference)?;
            if weight == 1.0 {
                return Ok(texel);
            }
            for (sum, value) in sum.iter_mut().zip(texel) {
                *sum += weight * f32::from_bits(value);
            }
        }
        Ok(sum.map(f32::to_bits))
    }

    /// One component of the four texels around a point of level 0, as they are answered: lower
    /// left, lower right, upper right, upper left, where lower has the greater row.
    pub(super) fn gather<M: Memory>(
        &self,
        port: &mut Port<'_, M>,
        point: &Point,
        component: usize,
    ) -> Result<[u32; 4], Trap> {
        let level = self.image.surface.first_level;
        let size = self.image.size(level);
        let ([x, y, z], _, layer) = self.neighbours(point, size, true);
        let mut answer = [0; 4];
        let corners = [[x, y + 1, z], [x + 1, y + 1, z], [x + 1, y, z], [x, y, z]];
        for (answer, at) in answer.iter_mut().zip(corners) {
            let texel = self.texel(port, level, size, at, layer, point.reference)?;
            *answer = texel[component & 3];
        }
        Ok(answer)
    }

    /// A texel by indices that may be outside.
    fn texel<M: Memory>(
        &self,
        port: &mut Port<'_, M>,
        level: u32,
        size: [u32; 3],
        at: [i64; 3],
        layer: u32,
        reference: Option<f32>,
    ) -> Result<[u32; 4], Trap> {
        let mut place = [0, 0, layer];
        let mut border = false;
        let mut at = at;
        if self.image.surface.kind == Kind::Cube && self.sampler.seamless {
            let (face, across, down) = over_the_edge(layer % 6, [at[0], at[1]], size[0]);
            at = [across, down, 0];
            place[2] = layer - layer % 6 + face;
        }
        for axis in 0..self.dimensions() {
            let edge = match self.image.surface.kind {
                Kind::Cube => Edge::Clamp,
                _ => self.sampler.edges[axis],
            };
            match index(edge, at[axis], size[axis]) {
                Some(index) => place[axis] = index,
                None => border = true,
            }
        }
        let texel = if border {
            self.sampler.border
        } else {
            self.load(port, level, place)?
        };
        Ok(match reference {
            None => self.select(texel),
            Some(reference) => {
                let result = self
                    .sampler
                    .comparison
                    .result(f32::from_bits(texel[0]), reference);
                [result.to_bits(), 0, 0, 1f32.to_bits()]
            }
        })
    }

    /// A texel that is inside.
    pub(super) fn load<M: Memory>(
        &self,
        port: &mut Port<'_, M>,
        level: u32,
        at: [u32; 3],
    ) -> Result<[u32; 4], Trap> {
        let image = self.image;
        let Some(offset) = image.offset(level, at) else {
            return Ok([0; 4]);
        };
        let mut element = [0; 16];
        port.read(offset, &mut element[..usize::from(image.format.bytes)])?;
        Ok(image.format.texel(&element, [at[0], at[1]]))
    }

    /// What a shader sees of a texel.
    pub(super) fn select(&self, texel: [u32; 4]) -> [u32; 4] {
        self.image.surface.select.map(|select| match select {
            Select::Zero => 0,
            Select::One => self.image.format.one(),
            Select::Component(number) => texel[usize::from(number & 3)],
        })
    }

    /// The level at which a texel is as large as the steps between channels, of gradients across
    /// and down for each coordinate.
    pub(super) fn level_of(&self, gradients: &[[f32; 2]; 3]) -> f32 {
        let size = self.image.size(self.image.surface.first_level);
        let mut squares = [0f32; 2];
        for (axis, gradients) in gradients.iter().enumerate().take(self.dimensions()) {
            for (square, gradient) in squares.iter_mut().zip(gradients) {
                let scale = if self.sampler.texels {
                    1.0
                } else {
                    size[axis] as f32
                };
                *square += (gradient * scale) * (gradient * scale);
            }
        }
        squares[0].max(squares[1]).log2() / 2.0
    }
}

/// The nearest whole number.
fn round(value: f32) -> i64 {
    floor((f64::from(value) + 0.5).clamp(-FAR, FAR))
}

/// The whole number below a value that isn't far from 0.
fn floor(value: f64) -> i64 {
    let whole = value as i64;
    whole - i64::from(whole as f64 > value)
}

/// The texel that stands for one of a cube's face which may be beyond an edge: there the nearest
/// one on the next face. Behind a corner, where there is none, it is one of those beside it.
fn over_the_edge(layer: u32, [x, y]: [i64; 2], size: u32) -> (u32, i64, i64) {
    let end = i64::from(size);
    let inside = |it: i64| (0..end).contains(&it);
    if inside(x) && inside(y) {
        return (layer, x, y);
    }
    // One texel beyond, at most: offsets don't go with cubes.
    let [x, y] = [x.clamp(-1, end), y.clamp(-1, end)];
    let y = if inside(x) { y } else { y.clamp(0, end - 1) };
    let size = size as f32;
    let part = |it: i64| (it as f32 + 0.5) / size * 2.0 - 1.0;
    let (face, across, down) = face(direction(layer, part(x), part(y)));
    let texel = |it: f32| ((it * size) as i64).clamp(0, end - 1);
    (face, texel(across), texel(down))
}

/// The direction to a place on a face's plane, from -1 to 1 on the face.
fn direction(face: u32, across: f32, down: f32) -> [f32; 3] {
    match face {
        0 => [1.0, -down, -across],
        1 => [-1.0, -down, across],
        2 => [across, 1.0, down],
        3 => [across, -1.0, -down],
        4 => [across, -down, 1.0],
        _ => [-across, -down, -1.0],
    }
}

/// The face of a cube that a direction leads to, and where on it, from 0 to 1.
fn face(to: [f32; 3]) -> (u32, f32, f32) {
    let [x, y, z] = to;
    let face = if z.abs() >= x.abs() && z.abs() >= y.abs() {
        if z >= 0.0 { 4 } else { 5 }
    } else if y.abs() >= x.abs() {
        if y >= 0.0 { 2 } else { 3 }
    } else if x >= 0.0 {
        0
    } else {
        1
    };
    let [across, down, depth] = before(face, to);
    let part = |value: f32| (value / depth.abs() + 1.0) / 2.0;
    (face, part(across), part(down))
}

/// A direction as it is seen before a face: across, down, and towards it.
fn before(face: u32, [x, y, z]: [f32; 3]) -> [f32; 3] {
    match face {
        0 => [-z, -y, x],
        1 => [z, -y, -x],
        2 => [x, z, y],
        3 => [x, -z, -y],
        4 => [x, -y, z],
        _ => [-x, -y, -z],
    }
}

/// What steps in a cube's directions, each across and down for three coordinates, come to on the
/// face that a direction leads to.
pub(super) fn steps_on_face(to: [f32; 3], steps: [[f32; 2]; 3]) -> [[f32; 2]; 3] {
    let (face, ..) = face(to);
    let [across, down, depth] = before(face, to);
    let on_face = [0, 1].map(|which| {
        let [right, under, away] = before(face, steps.map(|step| step[which]));
        // The derivatives of (across / depth + 1) / 2 and (down / depth + 1) / 2.
        let part = |step: f32, at: f32| (step * depth - at * away) / (2.0 * depth * depth);
        [part(right, across), part(under, down)]
    });
    [
        [on_face[0][0], on_face[1][0]],
        [on_face[0][1], on_face[1][1]],
        [0.0; 2],
    ]
}

#[cfg(test)]
mod tests {
    use super::{direction, face, over_the_edge, steps_on_face};

    /// The middles of a cube's faces, and a corner's neighbourhood.
    #[test]
    fn faces() {
        let axes = [
            [1.0, 0.0, 0.0],
            [-1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, -1.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
        ];
        for (number, axis) in axes.into_iter().enumerate() {
            assert_eq!(face(axis), (number as u32, 0.5, 0.5));
        }
        assert_eq!(face([2.0, 1.0, -1.0]), (0, 0.75, 0.25));
        assert_eq!(face([1.0, 2.0, -1.0]), (2, 0.75, 0.25));
        assert_eq!(face([1.0, -1.0, -2.0]), (5, 0.25, 0.75));
    }

    /// Steps on a face are how much farther on it one gets.
    #[test]
    fn steps() {
        let to = [0.3, -2.0, 0.7];
        let step = 1e-3;
        for axis in 0..3 {
            let mut steps = [[0.0; 2]; 3];
            steps[axis] = [step, 2.0 * step];
            let [right, under, _] = steps_on_face(to, steps);
            let mut next = to;
            next[axis] += step;
            let (before, after) = (face(to), face(next));
            assert_eq!(before.0, after.0);
            for (found, moved) in [(right, after.1 - before.1), (under, after.2 - before.2)] {
                assert!((found[0] - moved).abs() < 1e-6 && (found[1] - 2.0 * moved).abs() < 2e-6);
            }
        }
    }

    /// Directions lead to where they are from, and what lies beyond an edge is at an edge of
    /// another face, where that face's texel beyond is the one that we came from.
    #[test]
    fn edges_of_cubes() {
        const SIZE: i64 = 8;
        for layer in 0..6 {
            assert_eq!(face(direction(layer, 0.5, -0.25)), (layer, 0.75, 0.375));
            for along in 0..SIZE {
                for [x, y] in [[-1, along], [SIZE, along], [along, -1], [along, SIZE]] {
                    let (next, across, down) = over_the_edge(layer, [x, y], SIZE as u32);
                    assert_ne!(next, layer);
                    let from = [x.clamp(0, SIZE - 1), y.clamp(0, SIZE - 1)];
                    let mut back = Vec::new();
                    for [right, under] in [[-1, 0], [1, 0], [0, -1], [0, 1]] {
                        let beyond = [across + right, down + under];
                        if beyond.iter().any(|it| !(0..SIZE).contains(it)) {
                            let (face, x, y) = over_the_edge(next, beyond, SIZE as u32);
                            back.push((face, [x, y]));
                        }
                    }
                    assert!(back.contains(&(layer, from)), "{layer} {x} {y}: {back:?}");
                }
            }
        }
    }
}
