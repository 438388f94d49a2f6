import { Hub } from '../share/hub.ts'
import { describeGuard } from './through.ts'

describeGuard('file://', Hub.create)
