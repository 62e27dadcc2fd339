export * from './errors.ts';
export * from './requests/request.ts';
export * from './unsupported.ts';
