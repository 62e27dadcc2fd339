// Quantization settings between protobuf and the REST form, in which the model keeps them.

import type { JsonObject, JsonValue } from '@tributary/model';
import {
  BinaryQuantizationEncoding,
  BinaryQuantizationQueryEncoding_Setting,
  CompressionRatio,
  type Memory,
  type QuantizationConfig,
  type QuantizationConfigDiff,
  QuantizationType,
  TurboQuantBitSize,
} from '../gen/collections.ts';
import { isObject, present } from '../requests/json-reader.ts';
import { decimalOf, memoryName, memoryOf } from './scalars.ts';

type Names<E extends Readonly<Record<string, number>>> = Readonly<Record<string, E[keyof E]>>;

const COMPRESSIONS: Names<typeof CompressionRatio> = {
  x4: CompressionRatio.x4,
  x8: CompressionRatio.x8,
  x16: CompressionRatio.x16,
  x32: CompressionRatio.x32,
  x64: CompressionRatio.x64,
};

const ENCODINGS: Names<typeof BinaryQuantizationEncoding> = {
  one_bit: BinaryQuantizationEncoding.OneBit,
  two_bits: BinaryQuantizationEncoding.TwoBits,
  one_and_half_bits: BinaryQuantizationEncoding.OneAndHalfBits,
};

const QUERY_ENCODINGS: Names<typeof BinaryQuantizationQueryEncoding_Setting> = {
  default: BinaryQuantizationQueryEncoding_Setting.Default,
  binary: BinaryQuantizationQueryEncoding_Setting.Binary,
  scalar4bits: BinaryQuantizationQueryEncoding_Setting.Scalar4Bits,
  scalar8bits: BinaryQuantizationQueryEncoding_Setting.Scalar8Bits,
};

const BIT_SIZES: Names<typeof TurboQuantBitSize> = {
  bits1: TurboQuantBitSize.Bits1,
  bits1_5: TurboQuantBitSize.Bits1_5,
  bits2: TurboQuantBitSize.Bits2,
  bits4: TurboQuantBitSize.Bits4,
  bits8: TurboQuantBitSize.Bits8,
};

/** The REST form; "Disabled" where a change switches quantization off. */
export function quantizationJson(
  message: QuantizationConfig | QuantizationConfigDiff | undefined,
): JsonValue | undefined {
  if (message === undefined) return undefined;
  const { scalar, product, binary, turboquant } = message;
  if (scalar !== undefined) {
    const type = scalar.type === QuantizationType.Int8 ? 'int8' : null;
    const quantile = scalar.quantile === undefined ? undefined : decimalOf(scalar.quantile);
    return { scalar: settings({ type, quantile, ...placeBody(scalar) }) };
  }
  if (product !== undefined) {
    const compression = nameOf(COMPRESSIONS, product.compression);
    return { product: settings({ compression, ...placeBody(product) }) };
  }
  if (binary !== undefined) {
    return {
      binary: settings({
        encoding: nameOf(ENCODINGS, binary.encoding),
        query_encoding: nameOf(QUERY_ENCODINGS, binary.queryEncoding?.setting),
        ...placeBody(binary),
      }),
    };
  }
  if (turboquant !== undefined) {
    const bits = nameOf(BIT_SIZES, turboquant.bits);
    return { turbo: settings({ bits, ...placeBody(turboquant) }) };
  }
  return 'disabled' in message ? 'Disabled' : {};
}

/** Inverse of `quantizationJson`; undefined for none. */
export function quantizationMessage(json: JsonValue | undefined): QuantizationConfig | undefined {
  if (!isObject(json)) return undefined;
  const { scalar, product, binary, turbo } = json;
  if (isObject(scalar)) {
    const quantile = typeof scalar.quantile === 'number' ? scalar.quantile : undefined;
    return { scalar: { type: QuantizationType.Int8, quantile, ...placeOf(scalar) } };
  }
  if (isObject(product)) {
    const compression = memberOf(COMPRESSIONS, product.compression) ?? CompressionRatio.x4;
    return { product: { compression, ...placeOf(product) } };
  }
  if (isObject(binary)) {
    const setting = memberOf(QUERY_ENCODINGS, binary.query_encoding);
    return {
      binary: {
        ...placeOf(binary),
        encoding: memberOf(ENCODINGS, binary.encoding),
        queryEncoding: setting === undefined ? undefined : { setting },
      },
    };
  }
  if (!isObject(turbo)) return undefined;
  return { turboquant: { ...placeOf(turbo), bits: memberOf(BIT_SIZES, turbo.bits) } };
}

function settings(values: Record<string, JsonValue | undefined>): JsonObject {
  return present<JsonObject>(values);
}

/** Where the codes are kept. */
function placeOf(object: JsonObject): {
  alwaysRam?: boolean | undefined;
  memory?: Memory | undefined;
} {
  const { always_ram: alwaysRam, memory } = object;
  return {
    alwaysRam: typeof alwaysRam === 'boolean' ? alwaysRam : undefined,
    memory: memoryOf(memory),
  };
}

function placeBody({ alwaysRam, memory }: ReturnType<typeof placeOf>) {
  return { always_ram: alwaysRam, memory: memoryName(memory) };
}

function nameOf(
  names: Readonly<Record<string, number>>,
  value: number | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  // One that came later has its number for a name, which is refused.
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

function memberOf<T extends number>(
  names: Readonly<Record<string, T>>,
  name: JsonValue | undefined,
): T | undefined {
  return typeof name === 'string' && Object.hasOwn(names, name) ? names[name] : undefined;
}
