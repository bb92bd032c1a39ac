#version 460
// variant r32ui: -DFORMAT=r32ui -DIMAGE=uimage2D -DTYPE=uint
// variant r32i: -DFORMAT=r32i -DIMAGE=iimage2D -DTYPE=int
// Atomic operations on texels: eight in a row, each with an operation of its own.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0, FORMAT) uniform IMAGE image;
void main() {
    uint i = gl_LocalInvocationIndex + gl_WorkGroupID.x * 64u;
    TYPE value = TYPE(i * 2654435761u);
    int row = int(i & 3u);
    imageAtomicAdd(image, ivec2(0, row), value);
    imageAtomicMin(image, ivec2(1, row), value);
    imageAtomicMax(image, ivec2(2, row), value);
    imageAtomicAnd(image, ivec2(3, row), ~(TYPE(1) << TYPE(i & 31u)));
    imageAtomicOr(image, ivec2(4, row), TYPE(1) << TYPE(i & 31u));
    imageAtomicXor(image, ivec2(5, row), value);
    TYPE seen = imageAtomicExchange(image, ivec2(6, row), value);
    imageAtomicXor(image, ivec2(7, row), seen ^ value);
    if (imageAtomicCompSwap(image, ivec2(8, row), TYPE(0), value | TYPE(1)) == TYPE(0))
        imageAtomicAdd(image, ivec2(9, row), TYPE(1));
}
