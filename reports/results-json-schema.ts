import { z } from 'zod';
import { resultsSchema } from './results.js';

/** JSON Schema (draft 2020-12) of results.json: what results.schema.json holds. */
export function resultsJsonSchema(): object {
  return z.toJSONSchema(resultsSchema, { io: 'input' });
}
