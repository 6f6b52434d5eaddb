// machinery: the grammar of kinds. What an object, a schema, a condition, a patch and a refusal are.

export * from './api-error.ts';
export * from './apply.ts';
export * from './child-name.ts';
export * from './columns.ts';
export * from './conditions.ts';
export * from './crd.ts';
export * from './decode.ts';
export * from './defaults.ts';
export * from './field-errors.ts';
export * from './field-selector.ts';
export * from './jsonpath.ts';
export * from './kind.ts';
export * from './label-selector.ts';
export * from './meta.ts';
export * from './meta-rules.ts';
export * from './names.ts';
export * from './open-api.ts';
export * from './patch.ts';
export * from './problems.ts';
export * from './schema.ts';
export * from './shape.ts';
export * from './table.ts';
