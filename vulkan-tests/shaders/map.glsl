// One invocation for each element: it reads its operands, and puts its results one after the other.
layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer Operands { uint operands[]; };
layout(std430, set = 0, binding = 1) writeonly buffer Results { uint results[]; };
layout(push_constant) uniform Sizes { uint elements; uint width; };

uint place;
void put(uint value) { results[place++] = value; }
void put(int value) { put(uint(value)); }
void put(bool value) { put(value ? 1u : 0u); }
void put(float value) { put(floatBitsToUint(value)); }
// Where a shader's element begins: OPERANDS is how many it has.
#define ELEMENT gl_GlobalInvocationID.x
#define BEGIN if (ELEMENT >= elements) return; place = ELEMENT * width
#define OPERAND(number) operands[ELEMENT * OPERANDS + number]
#define INT(number) int(OPERAND(number))
#define FLOAT(number) uintBitsToFloat(OPERAND(number))
